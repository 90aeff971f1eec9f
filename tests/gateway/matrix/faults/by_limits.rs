//! An upstream that is down, hangs or is overloaded, in every envelope.

use tokio::net::TcpListener;

use super::refuses;
use crate::matrix::pairs::Pair;
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::passkey::{begin, finish};
use kit::provider::Begun;
use kit::provider::Provider::{self, Quiva, Streambird};
use kit::within;

/// Each dialect has an upstream of another provider.
fn pair(dialect: Provider) -> Pair {
    Pair { dialect, upstream: if dialect == Quiva { Streambird } else { Quiva } }
}

/// An address without a listener.
async fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn unreachable_upstream_is_unavailable() {
    for dialect in Provider::ALL {
        let gateway = Gateway::start(&pair(dialect).config(&nowhere().await, "breaker_failures = 2")).await;
        for _ in 0..2 {
            let (answer, _) = refuses(&gateway, dialect, "login.begin", &begin(dialect), "upstream_unavailable").await;
            assert_eq!(answer.field("retry-after"), None);
        }
        let (answer, _) = refuses(&gateway, dialect, "login.begin", &begin(dialect), "upstream_unavailable").await;
        let seconds: u64 = answer.field("retry-after").expect("the breaker is open").parse().unwrap();
        assert!((1..=6).contains(&seconds), "{answer:?}");
    }
}

#[tokio::test]
async fn hanging_upstream_times_out() {
    for dialect in Provider::ALL {
        let pair = pair(dialect);
        let fake = Fake::start(pair.upstream).await;
        let gateway = Gateway::start(&pair.config(&fake.base_url(), "timeout_ms = 50")).await;
        fake.hangs("login.begin");
        refuses(&gateway, dialect, "login.begin", &begin(dialect), "upstream_timeout").await;
        assert!(fake.requests("login.begin").len() <= 1, "a request that may have arrived is not sent again");
    }
}

/// Begins, and retries because a busy machine may exceed the short timeout.
async fn begins(gateway: &Gateway, dialect: Provider) -> Begun {
    within(async {
        loop {
            let answer = gateway.ask(&begin(dialect)).await;
            if answer.text().contains("hallenge") {
                return dialect.begun(&answer);
            }
        }
    })
    .await
}

#[tokio::test]
async fn hanging_finish_uses_up_the_challenge() {
    for dialect in Provider::ALL {
        let pair = pair(dialect);
        let fake = Fake::start(pair.upstream).await;
        let gateway = Gateway::start(&pair.config(&fake.base_url(), "timeout_ms = 300")).await;
        let begun = begins(&gateway, dialect).await;
        fake.hangs("login.finish");
        let request = finish(dialect, &begun);
        refuses(&gateway, dialect, "login.finish", &request, "upstream_timeout").await;
        refuses(&gateway, dialect, "login.finish", &request, "challenge_expired").await;
        assert!(fake.requests("login.finish").len() <= 1, "a finish is tried once");
    }
}

#[tokio::test]
async fn call_above_the_concurrency_limit_is_refused() {
    for dialect in Provider::ALL {
        let pair = pair(dialect);
        let fake = Fake::start(pair.upstream).await;
        let limits = "max_in_flight = 1\nmax_waiting = 0";
        let gateway = Gateway::start(&pair.config(&fake.base_url(), limits)).await;
        let permits = fake.waits("login.begin");
        let (request, other) = (begin(dialect), begin(dialect));
        let (first, ()) = tokio::join!(gateway.ask(&request), async {
            fake.wait_for(1).await;
            refuses(&gateway, dialect, "login.begin", &other, "overloaded").await;
            permits.add_permits(2);
        });
        assert_eq!(first.status, 200, "{first:?}");
        assert_eq!(gateway.ask(&begin(dialect)).await.status, 200);
    }
}
