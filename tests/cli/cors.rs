//! CORS (Fetch standard): which pages may call a route from a browser.

use kit::config::{route, upstream};
use kit::contract::check_response;
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::message::Request;
use kit::passkey::begin;
use kit::provider::Provider::{Apifox, Quiva};

const PAGE: &str = "https://app.example";

async fn start(settings: &str) -> (Fake, Gateway) {
    let fake = Fake::start(Apifox).await;
    let tables = upstream("new", Apifox, &fake.base_url(), "") + &route("main", Quiva, "new", settings);
    (fake, Gateway::start(&tables).await)
}

fn preflight(origin: &str) -> Request {
    Request::new("OPTIONS", &begin(Quiva).target)
        .with_field("origin", origin)
        .with_field("access-control-request-method", "POST")
        .with_field("access-control-request-headers", "content-type,x-app")
}

#[tokio::test]
async fn preflight_is_answered_without_an_upstream_call() {
    let cors = "cors = { origins = [\"https://other.example\", \"https://app.example\"], max_age = 60 }";
    let (fake, gateway) = start(cors).await;
    let answer = gateway.ask(&preflight(PAGE)).await;
    assert_eq!((answer.status, answer.text()), (204, ""));
    for (name, value) in [
        ("access-control-allow-origin", PAGE),
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-headers", "content-type,x-app"),
        ("access-control-max-age", "60"),
        ("vary", "origin"),
    ] {
        assert_eq!(answer.field(name), Some(value), "{name}");
    }
    assert_eq!(answer.field("access-control-allow-credentials"), None);
    assert_eq!(fake.requests("login.begin").len(), 0);

    let answer = gateway.ask(&begin(Quiva).with_field("origin", PAGE)).await;
    check_response(Quiva, "login.begin", &answer);
    assert_eq!(answer.field("access-control-allow-origin"), Some(PAGE));
    assert_eq!(answer.field("access-control-expose-headers"), Some("location, retry-after, x-request-id"));
}

#[tokio::test]
async fn unlisted_origin_gets_no_cors_headers() {
    let (_fake, gateway) = start("cors = { origins = [\"https://app.example\"] }").await;
    for origin in
        ["https://app.example.evil", "http://app.example", "https://APP.example", "null", "https://app.example/"]
    {
        let asked = gateway.ask(&preflight(origin)).await;
        let permits = asked.fields.iter().filter(|(name, _)| name.starts_with("access-control-")).count();
        assert_eq!((asked.status, permits), (204, 0), "{origin}");
        let answered = gateway.ask(&begin(Quiva).with_field("origin", origin)).await;
        assert_eq!(answered.field("access-control-allow-origin"), None, "{origin}");
        assert_eq!(answered.field("vary"), Some("origin"), "a cache must not give it to a listed page: {origin}");
    }
    let unasked = gateway.ask(&begin(Quiva)).await;
    assert_eq!((unasked.status, unasked.field("access-control-allow-origin")), (200, None));
}

#[tokio::test]
async fn route_without_origins_answers_no_preflight() {
    let (_fake, gateway) = start("").await;
    let (answer, refused) = gateway.refused(&preflight(PAGE)).await;
    assert_eq!((answer.status, refused.fault.as_str()), (405, "method_not_allowed"));
    assert_eq!(answer.field("access-control-allow-origin"), None);
}
