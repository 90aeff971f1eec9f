//! Upstreams that break HTTP itself, or use it in ways that were not asked for.

use crate::anomalies::pairs::{options, refuses, serves, tables};
use kit::gateway::Gateway;
use kit::passkey::begin;
use kit::provider::Provider;
use kit::rogue::{Deed, Rogue};

/// Not one of these is an answer.
fn broken(good: &str, elsewhere: &str) -> Vec<(&'static str, Deed)> {
    let whole = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{good}", good.len());
    let redirect =
        |status: u16| format!("HTTP/1.1 {status} Moved\r\nlocation: {elsewhere}/\r\ncontent-length: 0\r\n\r\n");
    vec![
        ("closes at once", Deed::says("")),
        ("resets at once", Deed::SaysAndResets(Vec::new())),
        ("resets within the head", Deed::SaysAndResets(whole[..20].into())),
        ("resets within the content", Deed::SaysAndResets(whole[..whole.len() - 5].into())),
        ("half a head", Deed::says(&whole[..20])),
        ("half the content", Deed::says(&whole[..whole.len() - 20])),
        ("says it is longer", Deed::says(whole.replace("content-length: ", "content-length: 9"))),
        ("says it is shorter", Deed::answers(&good[..good.len() - 1])),
        ("two lengths", Deed::says(whole.replace("content-length", "content-length: 1\r\ncontent-length"))),
        ("a length that is no number", Deed::says(whole.replace("content-length: ", "content-length: -"))),
        ("another protocol", Deed::says("220 mail.example ESMTP ready\r\n")),
        ("no protocol", Deed::says(good)),
        ("a status that is none", Deed::says(whole.replace("200 OK", "20x OK"))),
        ("a status too short", Deed::says(whole.replace("200 OK", "99 OK"))),
        ("a field without a name", Deed::says(whole.replace("content-length", ": x\r\ncontent-length"))),
        (
            "a chunk without a size",
            Deed::says("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
        ),
        ("chunks without an end", Deed::says("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n")),
        (
            "switches protocols",
            Deed::says("HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n"),
        ),
        ("found elsewhere", Deed::says(redirect(302))),
        ("moved, keep the method", Deed::says(redirect(307))),
        ("moved for good", Deed::says(redirect(308))),
        ("not modified", Deed::says("HTTP/1.1 304 Not Modified\r\n\r\n")),
        ("a field of a gigabyte", Deed::Floods(b"HTTP/1.1 200 OK\r\nx-a: ".to_vec(), vec![b'a'; 65_536])),
        ("fields without an end", Deed::Floods(b"HTTP/1.1 200 OK\r\n".to_vec(), b"x-a: b\r\n".repeat(1024))),
    ]
}

/// Each of these is one.
fn odd(good: &str) -> Vec<(&'static str, Deed)> {
    let (first, second) = good.split_at(7);
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7;x=y\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\nx-trailer: z\r\n\r\n",
        second.len()
    );
    let whole = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{good}", good.len());
    vec![
        ("in chunks, with a trailer", Deed::says(chunked)),
        ("until the end", Deed::says(format!("HTTP/1.1 200 OK\r\n\r\n{good}"))),
        ("after early hints", Deed::says(format!("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n{whole}"))),
        ("after continue", Deed::says(format!("HTTP/1.1 100 Continue\r\n\r\n{whole}"))),
        ("without a reason", Deed::says(whole.replace("200 OK", "200 "))),
        ("created", Deed::says(whole.replace("200 OK", "201 Created"))),
        ("an undocumented success status", Deed::says(whole.replace("200 OK", "299 Odd"))),
        ("of HTTP/1.0", Deed::says(whole.replace("HTTP/1.1", "HTTP/1.0"))),
        ("as text", Deed::answers_with("content-type: text/plain\r\n", good)),
        ("with more behind it", Deed::says(format!("{whole}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{{}}"))),
        ("with a hundred cookies less one", Deed::answers_with(&"set-cookie: a=b\r\n".repeat(97), good)),
    ]
}

#[tokio::test]
async fn malformed_upstream_http_is_upstream_failed() {
    for dialect in Provider::ALL {
        let elsewhere = Rogue::saying("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        let rogue = Rogue::start(Deed::says("")).await;
        let gateway = Gateway::start(&tables(dialect, &rogue.base_url(), "breaker_failures = 0")).await;
        let mut sent = 0;
        for (case, deed) in broken(&options(dialect), &elsewhere.base_url()) {
            rogue.does(deed);
            refuses(&gateway, dialect, &begin(dialect), "upstream_invalid", case).await;
            rogue.does(Deed::answers(options(dialect)));
            serves(&gateway, dialect).await;
            sent += 2;
            assert_eq!(rogue.requests().len(), sent, "{case}: what may have arrived is not sent again");
        }
        assert_eq!(elsewhere.requests().len(), 0, "a redirect is not followed");
    }
}

#[tokio::test]
async fn unusual_but_valid_upstream_http_is_accepted() {
    for dialect in Provider::ALL {
        let rogue = Rogue::start(Deed::says("")).await;
        let gateway = Gateway::start(&tables(dialect, &rogue.base_url(), "")).await;
        for (case, _) in odd("{\"a\":1234}") {
            let good = options(dialect);
            let deed = odd(&good).into_iter().find_map(|(name, deed)| (name == case).then_some(deed));
            rogue.does(deed.unwrap());
            eprintln!("{}: {case}", dialect.id());
            serves(&gateway, dialect).await;
        }
    }
}
