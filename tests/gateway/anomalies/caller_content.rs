//! Callers whose content is too large, too deep, has many members, or has a wrong length.

use crate::anomalies::pairs::{assert_refused, options, refuses, serves, tables};
use kit::gateway::Gateway;
use kit::message::{Request, Response};
use kit::passkey::{assertion, begin, finish_with};
use kit::provider::Provider;
use kit::rogue::{Reaction, Rogue};
use kit::wire::{Wire, head_of};

const SESSION: Option<&str> = Some("47c10dd3-7e10-4950-95d5-483dbc9508e6");

/// A short deadline: oversized content is refused as such, even if the rest of it never arrives.
const SHORT_DEADLINE: &str = "[limits]\ncontent_deadline_ms = 1000\n";

/// A finish without a begin: it is decoded and its challenge is unknown.
fn some_finish(dialect: Provider) -> Request {
    finish_with(dialect, &assertion(b"a challenge"), SESSION)
}

/// The content with another member before all others.
fn with_member(request: &Request, value: &str) -> Request {
    let content = String::from_utf8(request.content.clone()).unwrap();
    request.clone().with_content(format!("{{\"zzz\":{value},{}", &content[1..]))
}

fn nested(levels: usize) -> String {
    "[".repeat(levels) + &"]".repeat(levels)
}

#[tokio::test]
async fn oversized_json_is_refused() {
    for dialect in Provider::ALL {
        let rogue = Rogue::start(Reaction::answers(options(dialect))).await;
        let gateway = Gateway::start(&tables(dialect, &rogue.base_url(), "")).await;
        let finish = some_finish(dialect);
        let cases = [
            ("a few levels", nested(20), "challenge_expired"),
            ("a hundred levels", nested(100), "invalid_request"),
            ("thirty thousand levels, not ended", "[".repeat(30_000), "invalid_request"),
            ("thirty thousand objects, not ended", "{\"a\":".repeat(6_000), "invalid_request"),
            ("many elements", format!("[{}1]", "1,".repeat(20_000)), "challenge_expired"),
            ("many members", format!("{{{}\"z\":1}}", numbered(4_000)), "challenge_expired"),
            ("a long number", "1".repeat(20_000), "challenge_expired"),
            ("a huge exponent", "1e999999999".to_owned(), "challenge_expired"),
            ("a long name", format!("{{\"{}\":1}}", "n".repeat(30_000)), "challenge_expired"),
            ("a member twice within", "{\"a\":1,\"a\":2}".to_owned(), "challenge_expired"),
        ];
        for (case, value, fault) in cases {
            refuses(&gateway, dialect, &with_member(&finish, &value), fault, case).await;
        }
        assert_eq!(rogue.requests().len(), 0);
        serves(&gateway, dialect).await;
    }
}

fn numbered(count: usize) -> String {
    (0..count).map(|index| format!("\"m{index}\":1,")).collect()
}

#[tokio::test]
async fn chunked_content_is_read_up_to_the_limit() {
    for dialect in Provider::ALL {
        let rogue = Rogue::start(Reaction::answers(options(dialect))).await;
        let gateway = Gateway::start(&(tables(dialect, &rogue.base_url(), "") + SHORT_DEADLINE)).await;
        let finish = some_finish(dialect);
        let head = head_of(&finish, "transfer-encoding: chunked\r\n");

        let (first, second) = finish.content.split_at(7);
        let size = format!("\r\n{:x}\r\n", second.len());
        let end = b"\r\n0\r\nx-trailer: y\r\n\r\n";
        let whole = [head.as_bytes(), b"7;a=b\r\n", first, size.as_bytes(), second, end].concat();
        let answer = said(&gateway, &whole).await.unwrap();
        assert_refused(&gateway, dialect, &answer, "challenge_expired", "in chunks").await;

        let mut wire = Wire::connect(gateway.address).await;
        wire.send(&head).await;
        let chunk = [b"4000\r\n".as_slice(), &[b' '; 0x4000], b"\r\n"].concat();
        for _ in 0..5 {
            wire.send(&chunk).await;
        }
        let answer = wire.response().await.unwrap();
        assert_refused(&gateway, dialect, &answer, "too_large", "chunks beyond the limit").await;

        for (case, broken) in
            [("a size that is none", "zz\r\n{}\r\n0\r\n\r\n"), ("a size beyond all", "fffffffffffffffff\r\n")]
        {
            let answer = said(&gateway, [head.as_str(), broken].concat().as_bytes()).await;
            if let Some(answer) = answer {
                assert_refused(&gateway, dialect, &answer, "invalid_request", case).await;
            }
        }
        serves(&gateway, dialect).await;
    }
}

#[tokio::test]
async fn content_length_above_the_limit_is_refused_at_once() {
    for dialect in Provider::ALL {
        let rogue = Rogue::start(Reaction::answers(options(dialect))).await;
        let gateway = Gateway::start(&(tables(dialect, &rogue.base_url(), "") + SHORT_DEADLINE)).await;
        for length in ["65537", "10737418240", "9223372036854775807"] {
            let head = head_of(&some_finish(dialect), &format!("content-length: {length}\r\n"));
            let answer = said(&gateway, head.as_bytes()).await.unwrap();
            assert_refused(&gateway, dialect, &answer, "too_large", length).await;
        }
        serves(&gateway, dialect).await;
    }
}

#[tokio::test]
async fn expect_100_continue_is_answered() {
    for dialect in Provider::ALL {
        let rogue = Rogue::start(Reaction::answers(options(dialect))).await;
        let gateway = Gateway::start(&tables(dialect, &rogue.base_url(), "")).await;
        let finish = some_finish(dialect);
        let length = finish.content.len();
        let mut wire = Wire::connect(gateway.address).await;
        wire.send(head_of(&finish, &format!("expect: 100-continue\r\ncontent-length: {length}\r\n"))).await;
        assert_eq!(wire.until("\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
        wire.send(&finish.content).await;
        let answer = wire.response().await.unwrap();
        assert_refused(&gateway, dialect, &answer, "challenge_expired", "after asking").await;
    }
}

#[tokio::test]
async fn compressed_content_is_refused() {
    for dialect in Provider::ALL {
        let rogue = Rogue::start(Reaction::answers(options(dialect))).await;
        let gateway = Gateway::start(&tables(dialect, &rogue.base_url(), "")).await;
        let request =
            some_finish(dialect).with_field("content-encoding", "gzip").with_content(b"\x1f\x8b\x08\0".to_vec());
        refuses(&gateway, dialect, &request, "unsupported_media_type", "zipped").await;
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    for dialect in Provider::ALL {
        let rogue = Rogue::start(Reaction::answers(options(dialect))).await;
        let gateway = Gateway::start(&tables(dialect, &rogue.base_url(), "")).await;
        let (begin, finish) = (begin(dialect), some_finish(dialect));
        let bytes = |request: &Request| {
            let head = head_of(request, &format!("content-length: {}\r\n", request.content.len()));
            [head.as_bytes(), &request.content].concat()
        };
        let mut wire = Wire::connect(gateway.address).await;
        wire.send([bytes(&finish), bytes(&begin), bytes(&finish)].concat()).await;
        for (case, is_begin) in [("first", false), ("second", true), ("third", false)] {
            let answer = wire.response().await.unwrap();
            match is_begin {
                true => assert!(answer.text().contains("challenge\":\""), "{case}: {answer:?}"),
                false => assert_refused(&gateway, dialect, &answer, "challenge_expired", case).await,
            }
        }
    }
}

/// Sends bytes on a new connection and reads the response, if there is one.
async fn said(gateway: &Gateway, bytes: &[u8]) -> Option<Response> {
    let mut wire = Wire::connect(gateway.address).await;
    wire.send(bytes).await;
    wire.response().await
}
