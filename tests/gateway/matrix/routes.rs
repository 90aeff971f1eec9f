//! Which route a request is for: by host, prefix and path, and the response if there is none.

use kit::config::{bare_upstream, route, route_verified_by_upstream, upstream};
use kit::contract::{check_fault, check_response};
use kit::fake::Fake;
use kit::gateway::{Config, Gateway};
use kit::message::Request;
use kit::passkey::begin;
use kit::provider::Provider::{Apifox, Quiva, Streambird};

const NAMES_USER: &str = "relax = [\"subject\"]\nset.rp_id = \"localhost\"\nset.user.id = \"{user.email}\"";

#[tokio::test]
async fn host_selects_the_route() {
    let (one, two) = (Fake::start(Streambird).await, Fake::start(Apifox).await);
    let tables = [
        upstream("one", Streambird, &one.base_url(), ""),
        upstream("two", Apifox, &two.base_url(), ""),
        route("first", Quiva, "one", &format!("hosts = [\"one.example\", \"uno.example\"]\n{NAMES_USER}")),
        route("second", Quiva, "two", "hosts = [\"Two.Example\"]"),
    ];
    let gateway = Gateway::start(&tables.concat()).await;
    let hosts = [("one.example", 1, 0), ("UNO.example:8443", 2, 0), ("two.example", 2, 1), ("TWO.EXAMPLE.:80", 2, 1)];
    for (host, first, second) in hosts {
        let answer = gateway.ask(&begin(Quiva).with_field("host", host)).await;
        match host.contains(".:") {
            true => assert_eq!(answer.status, 404, "{host}"),
            false => check_response(Quiva, "login.begin", &answer),
        }
        assert_eq!((one.requests("login.begin").len(), two.requests("login.begin").len()), (first, second), "{host}");
    }
    let answer = gateway.ask(&begin(Quiva).with_field("host", "three.example")).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn prefix_is_prepended_to_dialect_paths() {
    let fake = Fake::start(Apifox).await;
    let tables = bare_upstream("new", Apifox, &fake.base_url(), "")
        + &route_verified_by_upstream("main", Apifox, "new", "")
        + &route("other", Quiva, "new", "").replace("prefix = \"\"", "prefix = \"/q/v1\"");
    let gateway = Gateway::start(&tables).await;
    check_response(Apifox, "login.begin", &gateway.ask(&begin(Apifox)).await);
    check_response(Quiva, "login.begin", &gateway.ask(&begin(Quiva).with_prefix("/q/v1")).await);
    for other in [
        Request::fixture(Apifox, "login.begin"),
        begin(Quiva),
        begin(Quiva).with_prefix("/q/v1/"),
        begin(Quiva).with_prefix("/Q/v1"),
        begin(Apifox).with_prefix("/api/v4"),
    ] {
        let answer = gateway.ask(&other).await;
        assert_eq!(answer.status, 404, "{}: {answer:?}", other.target);
        assert!(!answer.text().contains('{'), "no dialect has the path: {answer:?}");
    }
    assert_eq!(fake.requests("login.begin").len(), 2);
}

#[tokio::test]
async fn unmatched_request_is_not_found_without_passthrough() {
    let fake = Fake::start(Apifox).await;
    let tables = upstream("new", Apifox, &fake.base_url(), "") + &route("main", Quiva, "new", "");
    let gateway = Gateway::start(&tables).await;
    for target in
        ["/", "/accounts", "/accounts/begin-auth-with-passkey/", "/accounts//begin-auth-with-passkey", "/x?y=z"]
    {
        let answer = gateway.ask(&Request::new("POST", target)).await;
        assert_eq!(answer.status, 404, "{target}");
    }
    let queried = Request { target: "/accounts/begin-auth-with-passkey?utm=1".into(), ..begin(Quiva) };
    check_response(Quiva, "login.begin", &gateway.ask(&queried).await);
}

#[tokio::test]
async fn content_with_a_coding_is_415() {
    let fake = Fake::start(Apifox).await;
    let tables = upstream("new", Apifox, &fake.base_url(), "") + &route("main", Quiva, "new", "");
    let gateway = Gateway::start(&tables).await;
    for coding in ["gzip", "br", "identity, gzip", "x"] {
        let answer = gateway.ask(&begin(Quiva).with_field("content-encoding", coding)).await;
        assert_eq!((answer.status, answer.field("cache-control")), (415, Some("no-store")), "{coding}");
    }
}

#[tokio::test]
async fn overlapping_routes_are_refused_at_startup() {
    let tables = [
        upstream("new", Apifox, "http://127.0.0.1:1", ""),
        route("first", Quiva, "new", "hosts = [\"one.example\"]"),
        route("second", Quiva, "new", ""),
    ];
    let checked = Config::write(&tables.concat()).check();
    assert_eq!(checked.status.code(), Some(78));
    let output = String::from_utf8(checked.stderr).unwrap();
    assert!(output.contains("the routes `first` and `second` both serve"), "{output}");
}

#[tokio::test]
async fn allowed_origin_gets_cors_headers_on_every_response() {
    let fake = Fake::start(Apifox).await;
    let settings = "cors = { origins = [\"https://app.example\"] }";
    let tables = upstream("new", Apifox, &fake.base_url(), "") + &route("main", Quiva, "new", settings);
    let gateway = Gateway::start(&tables).await;
    let mut preflight = begin(Quiva).with_content("").with_field("access-control-request-method", "POST");
    preflight.method = "OPTIONS".to_owned();
    let mut wrong_method = begin(Quiva);
    wrong_method.method = "PATCH".to_owned();
    let requests = [
        (preflight, 204),
        (begin(Quiva), 200),
        (begin(Quiva).with_content("{"), 400),
        (begin(Quiva).with_content(" ".repeat(70_000)), 413),
        (wrong_method, 405),
        (begin(Quiva).with_field("x-long", &"x".repeat(20_000)), 413),
    ];
    for (request, status) in requests {
        let answer = gateway.ask(&request.clone().with_field("origin", "https://app.example")).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.field("access-control-allow-origin"), Some("https://app.example"), "{answer:?}");
        let answer = gateway.ask(&request.with_field("origin", "https://evil.example")).await;
        assert_eq!(answer.field("access-control-allow-origin"), None, "{answer:?}");
        if status >= 400 {
            check_fault(Quiva, &answer);
        }
    }
}
