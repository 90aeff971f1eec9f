//! Calls to a well-behaved upstream, and the requests it receives.

use std::env;
use std::process::Command;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use passbridge::upstream::admission::Admission;
use passbridge::upstream::failure::CallFailure;
use passbridge::upstream::http_settings::HttpSettings;
use passbridge::upstream::http_upstream::{HttpUpstream, RetryClass};

use super::rig::{Origin, field, within};
use super::upstream_pool::rest;

pub(crate) fn upstream(base: &str, settings: &HttpSettings) -> HttpUpstream {
    HttpUpstream::new(base.parse().unwrap(), settings, Admission::new("test", settings)).unwrap()
}

pub(crate) fn get(target: &str) -> Request<Bytes> {
    Request::get(target).body(Bytes::new()).unwrap()
}

/// Calls `/` of `origin` without retries.
pub(crate) async fn call(origin: &Origin, settings: &HttpSettings) -> Result<Response<Bytes>, CallFailure> {
    within(upstream(&origin.url(), settings).call(&get("/"), RetryClass::Finish)).await
}

#[tokio::test]
async fn call_joins_the_base_url_and_requests_identity_encoding() {
    let origin = Origin::start(|mut wire| async move {
        let head = wire.try_head().await.unwrap();
        let content = wire.exactly(7).await;
        let echo = format!("{head}{content}");
        wire.send(&format!("HTTP/1.1 201 Created\r\nx-a: b\r\ncontent-length: {}\r\n\r\n{echo}", echo.len())).await;
    })
    .await;
    let upstream = upstream(&format!("{}/api/v4", origin.url()), &HttpSettings::default());
    let request = Request::post("/session/authn?x=%2F")
        .header("authorization", "Bearer ours")
        .header("host", "caller.example")
        .header("accept-encoding", "gzip, br")
        .body(Bytes::from_static(b"{\"a\":1}"))
        .unwrap();
    let answer = within(upstream.call(&request, RetryClass::Finish)).await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["x-a"]), (201, &"b".parse().unwrap()));
    let sent = std::str::from_utf8(answer.body()).unwrap();
    assert!(sent.starts_with("POST /api/v4/session/authn?x=%2F HTTP/1.1\r\n"), "{sent}");
    assert!(sent.ends_with("\r\n\r\n{\"a\":1}"), "{sent}");
    assert_eq!(field(sent, "host"), Some(origin.address.to_string().as_str()));
    assert_eq!(field(sent, "authorization"), Some("Bearer ours"));
    assert_eq!(field(sent, "accept-encoding"), Some("identity"));
    assert_eq!(field(sent, "content-length"), Some("7"));
}

#[tokio::test]
async fn connection_is_reused() {
    let origin = Origin::sending("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let upstream = upstream(&origin.url(), &HttpSettings::default());
    for _ in 0..3 {
        rest().await;
        within(upstream.call(&get("/"), RetryClass::Begin)).await.unwrap();
    }
    assert_eq!(origin.accepted(), 1);
}

#[tokio::test]
async fn redirect_is_returned_as_a_response() {
    let elsewhere = Origin::sending("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let to = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {}/\r\ncontent-length: 0\r\n\r\n", elsewhere.url());
    let origin = Origin::sending(to.leak()).await;
    assert_eq!(call(&origin, &HttpSettings::default()).await.unwrap().status(), 307);
    assert_eq!(elsewhere.accepted(), 0);
}

#[tokio::test]
async fn path_that_would_change_is_not_sent() {
    let origin = Origin::mirror().await;
    let upstream = upstream(&format!("{}/api", origin.url()), &HttpSettings::default());
    for target in ["/../admin", "/a/%2e%2e/b", "/a?q='"] {
        let failure = within(upstream.call(&get(target), RetryClass::Begin)).await.unwrap_err();
        assert!(matches!(failure, CallFailure::Unsendable), "{target}: {failure:?}");
    }
    assert_eq!(origin.accepted(), 0);
}

/// Runs a test above again with an unreachable proxy in the environment.
#[test]
fn environment_proxy_is_ignored() {
    let mut again = Command::new(env::current_exe().unwrap());
    again.args(["--exact", "upstream::a_connection_is_kept_for_the_next_call"]);
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        again.env(name, "http://127.0.0.1:1");
    }
    assert!(again.env_remove("NO_PROXY").env_remove("no_proxy").output().unwrap().status.success());
}

#[tokio::test]
async fn workers_share_one_concurrency_limit() {
    let origin = Origin::start(|mut wire| async move {
        wire.rest().await;
    })
    .await;
    let settings = HttpSettings {
        max_in_flight: passbridge::base::bounded::Bounded::nearest(1),
        max_waiting: passbridge::base::bounded::Bounded::nearest(0),
        ..HttpSettings::default()
    };
    let door = Admission::new("test", &settings);
    let worker = || Arc::new(HttpUpstream::new(origin.url().parse().unwrap(), &settings, door.clone()).unwrap());
    let (first, second) = (worker(), worker());
    let busy = tokio::spawn({
        let first = first.clone();
        async move { first.call(&get("/"), RetryClass::Finish).await }
    });
    within(async {
        while origin.accepted() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(door.in_flight(), 1);
    let refused = within(second.call(&get("/"), RetryClass::Finish)).await.unwrap_err();
    assert!(matches!(refused, CallFailure::Overloaded), "{refused:?}");
    busy.abort();
    assert!(busy.await.unwrap_err().is_cancelled());
    assert_eq!(second.admission().in_flight(), 0);
}
