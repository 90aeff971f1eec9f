//! Upstreams that hang, break off, lie about lengths, or send too much.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use passbridge::base::bounded::Bounded;
use passbridge::upstream::failure::CallFailure;
use passbridge::upstream::http_upstream::RetryClass;
use passbridge::upstream::settings::HttpSettings;
use tokio::io::AsyncWriteExt;

use super::rig::{Origin, within};
use super::upstream::{call, get, upstream};

const LIMIT: usize = 2048;

fn small() -> HttpSettings {
    HttpSettings { max_response_bytes: Bounded::nearest(LIMIT as u64), ..HttpSettings::default() }
}

fn hasty() -> HttpSettings {
    HttpSettings { timeout_ms: Bounded::nearest(50), ..HttpSettings::default() }
}

/// Sends `reply` to the first request and closes.
async fn once(reply: impl Into<Vec<u8>>) -> Origin {
    let reply = reply.into();
    Origin::start(move |mut wire| {
        let reply = reply.clone();
        async move {
            wire.try_head().await;
            let _ = wire.stream.write_all(&reply).await;
        }
    })
    .await
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn encoded(coding: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: {coding}\r\ncontent-length: {}\r\n\r\n", content.len());
    [head.as_bytes(), content].concat()
}

#[tokio::test]
async fn hanging_upstream_times_out() {
    for said in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"] {
        let origin = Origin::start(move |mut wire| async move {
            wire.try_head().await;
            wire.send(said).await;
            wire.rest().await;
        })
        .await;
        let failure = call(&origin, &hasty()).await.unwrap_err();
        assert!(matches!(failure, CallFailure::TimedOut), "{said:?}: {failure:?}");
        assert!(failure.may_have_arrived());
    }
}

#[tokio::test]
async fn dripping_upstream_times_out() {
    let origin = Origin::start(|mut wire| async move {
        wire.try_head().await;
        wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        while wire.stream.write_all(b"1\r\na\r\n").await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await;
    let failure = call(&origin, &hasty()).await.unwrap_err();
    assert!(matches!(failure, CallFailure::TimedOut), "{failure:?}");
}

#[tokio::test]
async fn truncated_response_is_broken() {
    for said in [
        "",
        "HTTP/1.1 2",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "<html>",
    ] {
        let failure = call(&once(said).await, &small()).await.unwrap_err();
        assert!(matches!(failure, CallFailure::Broken(_)), "{said:?}: {failure:?}");
        assert!(failure.may_have_arrived());
    }
}

#[tokio::test]
async fn connection_reset_is_broken() {
    let origin = Origin::start(|mut wire| async move {
        wire.try_head().await;
        socket2::SockRef::from(&wire.stream).set_linger(Some(std::time::Duration::ZERO)).unwrap();
    })
    .await;
    let failure = call(&origin, &small()).await.unwrap_err();
    assert!(matches!(failure, CallFailure::Broken(_)), "{failure:?}");
}

#[tokio::test]
async fn bytes_after_a_response_are_never_the_next_response() {
    let origin = Origin::start(|mut wire| async move {
        wire.try_head().await;
        wire.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")
            .await;
        wire.rest().await;
    })
    .await;
    let upstream = upstream(&origin.url(), &small());
    for _ in 0..3 {
        let answer = within(upstream.call(&get("/"), RetryClass::Finish)).await.unwrap();
        assert_eq!(answer.body(), "ok");
    }
    assert_eq!(origin.accepted(), 3);
}

#[tokio::test]
async fn oversized_response_is_refused_in_any_framing() {
    let full = "x".repeat(LIMIT);
    for (framed, expected) in [
        (format!("HTTP/1.1 200 OK\r\ncontent-length: {LIMIT}\r\n\r\n{full}"), Some(LIMIT)),
        (format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n800\r\n{full}\r\n0\r\n\r\n"), Some(LIMIT)),
        (format!("HTTP/1.1 200 OK\r\n\r\n{full}"), Some(LIMIT)),
        (format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{full}y", LIMIT + 1), None),
        (format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n800\r\n{full}\r\n1\r\ny\r\n0\r\n\r\n"), None),
        (format!("HTTP/1.1 200 OK\r\n\r\n{full}y"), None),
        ("HTTP/1.1 200 OK\r\ncontent-length: 99999999999999\r\n\r\n".to_owned(), None),
    ] {
        match (call(&once(framed.clone()).await, &small()).await, expected) {
            (Ok(answer), Some(length)) => assert_eq!(answer.body().len(), length),
            (Err(CallFailure::TooLarge { limit }), None) => assert_eq!(limit, LIMIT),
            (outcome, _) => panic!("{}: {outcome:?}", &framed[..60]),
        }
    }
}

#[tokio::test]
async fn unrequested_encoding_is_decoded_within_the_limit() {
    let answer = call(&once(encoded("gzip", &gzip(b"{\"a\":1}"))).await, &small()).await.unwrap();
    assert_eq!(answer.body(), "{\"a\":1}");
    assert!(!answer.headers().contains_key("content-encoding") && !answer.headers().contains_key("content-length"));

    let bomb = gzip(&vec![0; 1 << 20]);
    assert!(bomb.len() <= LIMIT);
    let failure = call(&once(encoded("gzip", &bomb)).await, &small()).await.unwrap_err();
    assert!(matches!(failure, CallFailure::TooLarge { limit: LIMIT }), "{failure:?}");

    for undecodable in [encoded("br", b"x"), encoded("gzip", b"not gzip")] {
        let failure = call(&once(undecodable).await, &small()).await.unwrap_err();
        assert!(matches!(failure, CallFailure::Undecodable), "{failure:?}");
    }
}

#[tokio::test]
async fn failures_do_not_reveal_the_url() {
    let origin = once("").await;
    let upstream = upstream(&origin.url(), &small());
    let failure = within(upstream.call(&get("/secret-path?secret=query"), RetryClass::Finish)).await.unwrap_err();
    let mut shown = format!("{failure:?} {failure}");
    let mut source = std::error::Error::source(&failure);
    while let Some(cause) = source {
        shown.push_str(&format!(" {cause:?} {cause}"));
        source = cause.source();
    }
    assert!(!shown.contains("secret") && !shown.contains(&origin.url()), "{shown}");
}
