//! A finish that fails at the upstream is sent once, and its challenge is used.

use crate::anomalies::pairs::{options, refuses, serves, tables};
use kit::gateway::Gateway;
use kit::passkey::{begin, finish};
use kit::provider::Provider;
use kit::rogue::{Reaction, Rogue};

#[tokio::test]
async fn interrupted_finish_is_not_retried() {
    let cases = [
        ("closes at once", Reaction::sends("")),
        ("resets", Reaction::SendsAndResets(Vec::new())),
        ("half the content", Reaction::sends("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"data\":")),
        ("no protocol", Reaction::sends("oh no")),
        ("a page", Reaction::answers("<html>")),
        ("no tokens", Reaction::answers("{\"data\":{},\"code\":0,\"msg\":\"\"}")),
        ("unavailable", Reaction::sends("HTTP/1.1 503 No\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n")),
        (
            "try again",
            Reaction::sends("HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"),
        ),
        ("keep the method", Reaction::sends("HTTP/1.1 307 Go\r\nlocation: /accounts\r\ncontent-length: 0\r\n\r\n")),
    ];
    for dialect in Provider::ALL {
        let rogue = Rogue::start(Reaction::sends("")).await;
        let gateway = Gateway::start(&tables(dialect, &rogue.base_url(), "breaker_failures = 0")).await;
        for (index, (case, reaction)) in cases.iter().enumerate() {
            rogue.does(Reaction::answers(options(dialect)));
            let begun = dialect.begun(&gateway.ask(&begin(dialect)).await);
            rogue.does(reaction.clone());
            let fault = if *case == "unavailable" { "upstream_failed" } else { "upstream_invalid" };
            refuses(&gateway, dialect, &finish(dialect, &begun), fault, case).await;
            refuses(&gateway, dialect, &finish(dialect, &begun), "challenge_expired", case).await;
            assert_eq!(rogue.requests().len(), 2 * (index + 1), "{case}: one begin, one finish");
        }
    }
}

#[tokio::test]
async fn unsent_finish_uses_up_the_challenge() {
    for dialect in Provider::ALL {
        let rogue = Rogue::start(Reaction::answers(options(dialect))).await;
        let gateway = Gateway::start(&tables(dialect, &rogue.base_url(), "breaker_failures = 0")).await;
        let begun = dialect.begun(&gateway.ask(&begin(dialect)).await);
        let address = rogue.stop().await;
        refuses(&gateway, dialect, &finish(dialect, &begun), "upstream_unavailable", "no listener").await;
        let rogue = Rogue::start_at(address, Reaction::answers(options(dialect))).await;
        refuses(&gateway, dialect, &finish(dialect, &begun), "challenge_expired", "a listener").await;
        assert_eq!(rogue.requests().len(), 0);
        serves(&gateway, dialect).await;
    }
}
