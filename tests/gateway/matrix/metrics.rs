//! The metrics of the admin listener: every response by route, operation and outcome, every upstream call, and no value
//! of a caller.

use kit::caller::Caller;
use kit::config::{route, upstream};
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::message::{Request, Response};
use kit::passkey::begin;
use kit::provider::Provider::{Apifox, Quiva};

async fn metrics(gateway: &Gateway) -> Response {
    Caller::of(gateway.admin).ask(&Request::new("GET", "/metrics")).await
}

/// The value of a sample as text; `None` if there is no such sample.
fn value<'t>(text: &'t str, sample: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '))
}

#[tokio::test]
async fn responses_and_upstream_calls_are_counted() {
    let fake = Fake::start(Apifox).await;
    let gateway =
        Gateway::start(&(upstream("new", Apifox, &fake.base_url(), "") + &route("main", Quiva, "new", ""))).await;
    let none = metrics(&gateway).await;
    assert_eq!(
        value(none.text(), "passbridge_requests_total{route=\"main\",operation=\"login.begin\",outcome=\"success\"}"),
        None
    );
    for _ in 0..3 {
        assert_eq!(gateway.ask(&begin(Quiva)).await.status, 200);
    }
    assert_eq!(gateway.ask(&begin(Quiva).with_content("{")).await.status, 400);
    fake.answers("login.begin", Response::json(200, "<html>"));
    assert_eq!(gateway.ask(&begin(Quiva)).await.status, 502);

    let answer = metrics(&gateway).await;
    assert_eq!(answer.field("content-type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    let text = answer.text();
    let of = |name: &str, labels: &str| value(text, &format!("passbridge_{name}{{{labels}}}"));
    let request = |outcome: &str| {
        of("requests_total", &format!("route=\"main\",operation=\"login.begin\",outcome=\"{outcome}\""))
    };
    assert_eq!(
        (request("success"), request("invalid_request"), request("upstream_invalid")),
        (Some("3"), Some("1"), Some("1"))
    );
    let served = "route=\"main\",operation=\"login.begin\"";
    assert_eq!(of("request_duration_seconds_count", served), Some("4"), "an undecodable request is not timed: {text}");
    let called = "upstream=\"new\",operation=\"login.begin\",outcome=\"answered\"";
    assert_eq!(of("upstream_duration_seconds_count", called), Some("4"));
    assert_eq!(of("upstream_breaker_open", "upstream=\"new\""), Some("0"));
    assert_eq!(of("upstream_in_flight", "upstream=\"new\""), Some("0"));
    assert_eq!(of("build_info", concat!("version=\"", env!("CARGO_PKG_VERSION"), "\"")), Some("1"));
    assert_eq!(
        (value(text, "passbridge_ceremonies"), value(text, "passbridge_config_generation")),
        (Some("3"), Some("0"))
    );
    assert!(text.ends_with("# EOF\n"));
    assert!(!text.contains("example.com"), "a caller's value is in the metrics: {text}");
}

#[tokio::test]
async fn metrics_accept_only_get() {
    let fake = Fake::start(Apifox).await;
    let gateway =
        Gateway::start(&(upstream("new", Apifox, &fake.base_url(), "") + &route("main", Quiva, "new", ""))).await;
    let answer = Caller::of(gateway.admin).ask(&Request::new("POST", "/metrics")).await;
    assert_eq!((answer.status, answer.field("allow")), (405, Some("GET, HEAD")));
    assert_eq!(gateway.ask(&Request::new("GET", "/metrics")).await.status, 404, "the callers' port has none");
}
