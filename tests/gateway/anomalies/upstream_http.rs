//! Upstreams that break HTTP itself, or use features of HTTP that the request does not ask for.

use crate::anomalies::pairs::{options, refuses, serves, tables};
use kit::gateway::Gateway;
use kit::passkey::begin;
use kit::provider::Provider;
use kit::rogue::{Reaction, Rogue};

/// Invalid responses.
fn broken(good: &str, elsewhere: &str) -> Vec<(&'static str, Reaction)> {
    let whole = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{good}", good.len());
    let redirect =
        |status: u16| format!("HTTP/1.1 {status} Moved\r\nlocation: {elsewhere}/\r\ncontent-length: 0\r\n\r\n");
    vec![
        ("closes at once", Reaction::sends("")),
        ("resets at once", Reaction::SendsAndResets(Vec::new())),
        ("resets within the head", Reaction::SendsAndResets(whole[..20].into())),
        ("resets within the content", Reaction::SendsAndResets(whole[..whole.len() - 5].into())),
        ("half a head", Reaction::sends(&whole[..20])),
        ("half the content", Reaction::sends(&whole[..whole.len() - 20])),
        ("says it is longer", Reaction::sends(whole.replace("content-length: ", "content-length: 9"))),
        ("says it is shorter", Reaction::answers(&good[..good.len() - 1])),
        ("two lengths", Reaction::sends(whole.replace("content-length", "content-length: 1\r\ncontent-length"))),
        ("a length that is no number", Reaction::sends(whole.replace("content-length: ", "content-length: -"))),
        ("another protocol", Reaction::sends("220 mail.example ESMTP ready\r\n")),
        ("no protocol", Reaction::sends(good)),
        ("a status that is none", Reaction::sends(whole.replace("200 OK", "20x OK"))),
        ("a status too short", Reaction::sends(whole.replace("200 OK", "99 OK"))),
        ("a field without a name", Reaction::sends(whole.replace("content-length", ": x\r\ncontent-length"))),
        (
            "a chunk without a size",
            Reaction::sends("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
        ),
        ("chunks without an end", Reaction::sends("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n")),
        (
            "switches protocols",
            Reaction::sends("HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n"),
        ),
        ("found elsewhere", Reaction::sends(redirect(302))),
        ("moved, keep the method", Reaction::sends(redirect(307))),
        ("moved for good", Reaction::sends(redirect(308))),
        ("not modified", Reaction::sends("HTTP/1.1 304 Not Modified\r\n\r\n")),
        ("a field of a gigabyte", Reaction::Floods(b"HTTP/1.1 200 OK\r\nx-a: ".to_vec(), vec![b'a'; 65_536])),
        ("fields without an end", Reaction::Floods(b"HTTP/1.1 200 OK\r\n".to_vec(), b"x-a: b\r\n".repeat(1024))),
    ]
}

/// Unusual but valid responses.
fn odd(good: &str) -> Vec<(&'static str, Reaction)> {
    let (first, second) = good.split_at(7);
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7;x=y\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\nx-trailer: z\r\n\r\n",
        second.len()
    );
    let whole = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{good}", good.len());
    vec![
        ("in chunks, with a trailer", Reaction::sends(chunked)),
        ("until the end", Reaction::sends(format!("HTTP/1.1 200 OK\r\n\r\n{good}"))),
        ("after early hints", Reaction::sends(format!("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n{whole}"))),
        ("after continue", Reaction::sends(format!("HTTP/1.1 100 Continue\r\n\r\n{whole}"))),
        ("without a reason", Reaction::sends(whole.replace("200 OK", "200 "))),
        ("created", Reaction::sends(whole.replace("200 OK", "201 Created"))),
        ("an undocumented success status", Reaction::sends(whole.replace("200 OK", "299 Odd"))),
        ("of HTTP/1.0", Reaction::sends(whole.replace("HTTP/1.1", "HTTP/1.0"))),
        ("as text", Reaction::answers_with("content-type: text/plain\r\n", good)),
        (
            "with another response after it",
            Reaction::sends(format!("{whole}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{{}}")),
        ),
        ("with almost a hundred fields", Reaction::answers_with(&"set-cookie: a=b\r\n".repeat(97), good)),
    ]
}

#[tokio::test]
async fn malformed_upstream_http_is_upstream_failed() {
    for dialect in Provider::ALL {
        let elsewhere = Rogue::sending("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        let rogue = Rogue::start(Reaction::sends("")).await;
        let gateway = Gateway::start(&tables(dialect, &rogue.base_url(), "breaker_failures = 0")).await;
        let mut sent = 0;
        for (case, reaction) in broken(&options(dialect), &elsewhere.base_url()) {
            rogue.does(reaction);
            refuses(&gateway, dialect, &begin(dialect), "upstream_invalid", case).await;
            rogue.does(Reaction::answers(options(dialect)));
            serves(&gateway, dialect).await;
            sent += 2;
            assert_eq!(rogue.requests().len(), sent, "{case}: a request that may have arrived is not sent again");
        }
        assert_eq!(elsewhere.requests().len(), 0, "a redirect is not followed");
    }
}

#[tokio::test]
async fn unusual_but_valid_upstream_http_is_accepted() {
    for dialect in Provider::ALL {
        let rogue = Rogue::start(Reaction::sends("")).await;
        let gateway = Gateway::start(&tables(dialect, &rogue.base_url(), "")).await;
        for (case, _) in odd("{\"a\":1234}") {
            let good = options(dialect);
            let reaction = odd(&good).into_iter().find_map(|(name, reaction)| (name == case).then_some(reaction));
            rogue.does(reaction.unwrap());
            eprintln!("{}: {case}", dialect.id());
            serves(&gateway, dialect).await;
        }
    }
}
