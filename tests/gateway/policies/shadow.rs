//! Shadows: differences are counted by member, and a shadow neither changes nor delays a response.

use serde_json::{Value, json};

use crate::policies::rig::{TwoUpstreams, begin_of, begins, signs_in, user};
use kit::caller::Caller;
use kit::gateway::Gateway;
use kit::message::{Request, Response};
use kit::provider::Provider::Quiva;
use kit::within;

const SHADOW: &str = "shadow = { upstream = \"new\", max_in_flight = 2, max_waiting = 3 }";

/// The report of the admin listener about the route's shadow.
async fn report(gateway: &Gateway) -> Value {
    let answer = Caller::of(gateway.admin).ask(&Request::new("GET", "/shadow")).await;
    assert_eq!((answer.status, answer.field("content-type")), (200, Some("application/json")));
    answer.content_json()["routes"][0].clone()
}

/// The report, once that many begins were compared.
async fn compared(gateway: &Gateway, wanted: u64) -> Value {
    within(async {
        loop {
            let report = report(gateway).await;
            if report["same"].as_u64().unwrap() + report["different"].as_u64().unwrap() == wanted {
                return report;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test]
async fn hanging_shadow_adds_no_delay_and_its_queue_is_bounded() {
    let upstreams = TwoUpstreams::of(Quiva).await;
    let permits = upstreams.new.waits("login.begin");
    let gateway = upstreams.gateway(SHADOW).await;
    for number in 0..20 {
        assert_eq!(begins(&gateway, &user(number)).await.0, "old", "the caller is answered while the shadow hangs");
    }
    // Two are tried and three wait. The other fifteen are dropped.
    upstreams.new.wait_for(2).await;
    assert_eq!((upstreams.seen("login.begin"), &report(&gateway).await["dropped"]), ([20, 2], &json!(15)));
    permits.add_permits(1000);
    let report = compared(&gateway, 5).await;
    assert_eq!((report["same"].clone(), upstreams.seen("login.begin")), (json!(5), [20, 5]));
    assert_eq!(signs_in(&gateway, "ada@example.com").await, ["old", "old"]);
    let report = compared(&gateway, 6).await;
    assert_eq!(
        (report["dropped"].clone(), upstreams.seen("login.finish")),
        (json!(15), [1, 0]),
        "the queue has room again"
    );
}

#[tokio::test]
async fn shadow_differences_are_counted_by_member_without_values() {
    let upstreams = TwoUpstreams::of(Quiva).await;
    let other =
        Response::fixture(Quiva, "login.begin.response").replacing("60000", "12345").replacing("\"usb\"", "\"nfc\"");
    upstreams.new.answers("login.begin", other);
    let gateway = upstreams.gateway(SHADOW).await;
    begins(&gateway, "ada@example.com").await;
    compared(&gateway, 1).await;
    upstreams.new.refuses("login.begin", "401_unknown_user");
    begins(&gateway, "ada@example.com").await;
    let report = compared(&gateway, 2).await;
    let differs = |member: &str, kind: &str| json!({ "member": member, "kind": kind, "count": 1 });
    assert_eq!(
        report,
        json!({
            "route": "app", "upstream": "new", "same": 0, "different": 2, "dropped": 0,
            "refused": { "unknown_user": 1 },
            "differences": [
                differs("timeout", "differs"),
                differs("allow_credentials[].transports", "differs"),
                differs("fault", "added"),
            ],
        })
    );
    assert!(!gateway.logs.text().contains("12345") && !gateway.logs.text().contains("ada@"));
    let metrics = Caller::of(gateway.admin).ask(&Request::new("GET", "/metrics")).await;
    for line in [
        "passbridge_shadows_total{route=\"app\",upstream=\"new\",outcome=\"different\"} 2",
        "passbridge_decisions_total{route=\"app\",upstream=\"old\",reason=\"default\"} 2",
        "passbridge_upstream_duration_seconds_count{upstream=\"old\",operation=\"login.begin\",outcome=\"answered\"} 2",
        "passbridge_shadow_duration_seconds_count{upstream=\"new\",operation=\"login.begin\",outcome=\"answered\"} 2",
    ] {
        assert!(metrics.text().lines().any(|known| known == line), "{line} is not in {}", metrics.text());
    }
    let as_an_upstream = "passbridge_upstream_duration_seconds_count{upstream=\"new\"";
    assert!(!metrics.text().contains(as_an_upstream), "no response waited for it: {}", metrics.text());
    upstreams.reload(&gateway, SHADOW).await;
    assert_eq!(self::report(&gateway).await["different"], 2, "the counts survive a reload");
}

#[tokio::test]
async fn shadow_outage_does_not_affect_the_response() {
    let upstreams = TwoUpstreams::of(Quiva).await;
    let policies = "pinned.new = \"new.list\"\nshadow = { upstream = \"new\", percent = 100 }";
    let gateway = upstreams.gateway("").await;
    std::fs::write(gateway.folder().join("new.list"), "ada@example.com\n").unwrap();
    upstreams.reload(&gateway, policies).await;
    upstreams.new.refuses("login.begin", "500_internal");
    // More failures than the breaker tolerates.
    for number in 0..12 {
        assert_eq!(begins(&gateway, &user(number)).await.0, "old");
        compared(&gateway, number as u64 + 1).await;
    }
    upstreams.new.answers("login.begin", Quiva.options_with(b"a challenge of its own"));
    assert_eq!(
        begins(&gateway, "ada@example.com").await,
        ("new".into(), "list".into()),
        "the shadow has its own breaker"
    );
}

#[tokio::test]
async fn shadow_samples_only_login_begins() {
    let upstreams = TwoUpstreams::of(Quiva).await;
    let gateway = upstreams.gateway("shadow = { upstream = \"new\", percent = 25 }").await;
    for number in 0..40 {
        assert_eq!(gateway.ask(&begin_of(&user(number))).await.status, 200);
    }
    compared(&gateway, 10).await;
    assert_eq!(upstreams.seen("login.begin"), [40, 10]);
    let without = Caller::of(gateway.admin).ask(&Request::new("POST", "/shadow")).await;
    assert_eq!(without.status, 405);
}
