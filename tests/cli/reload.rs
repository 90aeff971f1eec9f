//! Reload: new requests use the new config, running ceremonies are finished with the previous one.

use serde_json::Value;

use kit::caller::Caller;
use kit::config::{CALLERS, EMBEDDED, OURS, bare_upstream, route_called_by, route_verified_by_upstream, upstream};
use kit::contract::{check_fault, check_response};
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::message::{Request, Response};
use kit::passkey::{begin, finish};
use kit::provider::Begun;
use kit::provider::Provider::{self, Apifox, Auth0, Quiva, Streambird};

const LOADED: &str = "config reloaded";

/// Callers use the dialect of Auth0. Only the upstream changes.
fn before(upstream_of: Provider, fake: &Fake) -> String {
    let settings = match upstream_of {
        Quiva => "set.user.email = \"team@example.com\"\nfill.tokens = { type = \"Bearer\", expires_in = 3600 }",
        _ => "fill.tokens.type = \"Bearer\"",
    };
    upstream("new", upstream_of, &fake.base_url(), "") + &route("", settings)
}

/// The route of Auth0's dialect before `new`.
fn route(prefix: &str, settings: &str) -> String {
    let client = format!("client = {{ {} = \"env:CALLER_SECRET\" }}, {BY_JWT}", CALLERS.client_id);
    let table = route_called_by("main", Auth0, "new", &client, settings);
    table.replace("prefix = \"\"", &format!("prefix = \"{prefix}\""))
}

const BY_JWT: &str = concat!(
    r#"user = { jwt = { key = "env:CALLER_JWT_KEY", algorithms = ["HS256"], issuer = "https://issuer.example/", "#,
    r#"audience = "https://api.example/", claims = { "user.id" = "sub" } } }"#
);

/// Begins on a connection of its own, and so at any of the workers.
async fn begins(gateway: &Gateway) -> Begun {
    let answer = Caller::of(gateway.address).ask(&begin(Auth0)).await;
    check_response(Auth0, "login.begin", &answer);
    Auth0.begun(&answer)
}

async fn finishes(gateway: &Gateway, begun: &Begun) -> Response {
    Caller::of(gateway.address).ask(&finish(Auth0, begun)).await
}

async fn expired(gateway: &Gateway, begun: &Begun) {
    let answer = finishes(gateway, begun).await;
    check_fault(Auth0, &answer);
    assert_eq!(gateway.refusal_of(&answer).await.fault, "challenge_expired");
}

async fn reload(gateway: &Gateway, tables: &str) {
    let said = gateway.reload(tables).await;
    assert_eq!((said["level"].as_str(), said["message"].as_str()), (Some("INFO"), Some(LOADED)));
}

/// Quiva as the first upstream, and Cloudreve as the next.
async fn old_and_new() -> (Fake, Fake, Gateway) {
    let (old, new) = (Fake::start(Quiva).await, Fake::start(Apifox).await);
    let documented = Response::fixture(Apifox, "login.finish.response");
    new.answers("login.finish", documented.replacing("\"2025-01", "\"2099-01"));
    let gateway = Gateway::start(&before(Quiva, &old)).await;
    (old, new, gateway)
}

fn seen(fake: &Fake) -> [usize; 2] {
    ["login.begin", "login.finish"].map(|operation| fake.requests(operation).len())
}

#[tokio::test]
async fn ceremony_begun_before_a_reload_finishes_once() {
    let (old, new, gateway) = old_and_new().await;
    let mut begun = Vec::new();
    for _ in 0..4 {
        begun.push(begins(&gateway).await);
    }
    reload(&gateway, &before(Apifox, &new)).await;
    let mut begun_later = Vec::new();
    for _ in 0..4 {
        begun_later.push(begins(&gateway).await);
    }
    assert_eq!((seen(&old), seen(&new)), ([4, 0], [4, 0]), "new begins go to the new upstream");
    for begun in &begun {
        check_response(Auth0, "login.finish", &finishes(&gateway, begun).await);
    }
    assert_eq!((seen(&old), seen(&new)), ([4, 4], [4, 0]), "finishes go to the upstream of their begin");
    for begun in &begun_later {
        check_response(Auth0, "login.finish", &finishes(&gateway, begun).await);
    }
    for begun in begun.iter().chain(&begun_later) {
        expired(&gateway, begun).await;
    }
    assert_eq!((seen(&old), seen(&new)), ([4, 4], [4, 4]), "each finish was sent once");
}

#[tokio::test]
async fn invalid_config_on_reload_keeps_the_previous_one() {
    let (old, new, gateway) = old_and_new().await;
    let begun = begins(&gateway).await;
    for broken in [
        before(Apifox, &new).replace("upstream = \"new\"", "upstream = \"nwe\""),
        before(Apifox, &new) + "[unheard]\nof = 1\n",
        "[routes.main".to_owned(),
    ] {
        let said = gateway.reload(&broken).await;
        assert_eq!(said["level"], "ERROR", "{said}");
        let message = said["message"].as_str().unwrap();
        assert!(message.starts_with("reload failed, keeping the previous config"), "{message}");
        assert!(
            message.contains("--> gateway.toml:") && message.contains("error: "),
            "the message names the place: {message}"
        );
    }
    check_response(Auth0, "login.finish", &finishes(&gateway, &begun).await);
    begins(&gateway).await;
    assert_eq!((seen(&old), seen(&new)), ([2, 1], [0, 0]));
    reload(&gateway, &before(Apifox, &new)).await;
    begins(&gateway).await;
    assert_eq!(seen(&new), [1, 0], "the next valid config is loaded");
}

#[tokio::test]
async fn moved_path_still_serves_finishes_begun_on_it() {
    let (old, _new, gateway) = old_and_new().await;
    let (one, two) = (begins(&gateway).await, begins(&gateway).await);
    let moved =
        before(Quiva, &old).replace("prefix = \"\"", "prefix = \"/v2\"").replace("routes.main", "routes.renamed");
    reload(&gateway, &moved).await;
    check_response(Auth0, "login.finish", &finishes(&gateway, &one).await);
    assert_eq!(finishes(&gateway, &one).await.status, 404, "the old path is gone once the ceremony is used");
    assert_eq!(gateway.ask(&begin(Auth0)).await.status, 404);
    let elsewhere = gateway.ask(&finish(Auth0, &two).with_prefix("/v2")).await;
    assert_eq!(
        gateway.refusal_of(&elsewhere).await.fault,
        "challenge_expired",
        "the ceremony belongs to another route"
    );
    check_response(Auth0, "login.finish", &finishes(&gateway, &two).await);
    assert_eq!(seen(&old), [2, 2]);
}

#[tokio::test]
async fn finish_uses_the_caller_rules_of_its_begin() {
    let fake = Fake::start_knowing(Streambird, OURS).await;
    let keyed = |key: &str| {
        upstream("new", Streambird, &fake.base_url(), "")
            + &route_called_by("main", Streambird, "new", &format!("key = [\"env:{key}\"]"), "")
    };
    let gateway = Gateway::start(&keyed("CALLER_KEY")).await;
    let begun = Streambird.begun(&gateway.ask(&begin(Streambird)).await);
    reload(&gateway, &keyed("CALLER_SECRET")).await;
    let (_, refused) = gateway.refused(&begin(Streambird)).await;
    assert_eq!(refused.fault, "unauthenticated", "the old key is no longer accepted for a begin");
    let stranger = finish(Streambird, &begun).with_field("authorization", "Bearer nobody");
    assert_eq!(gateway.refused(&stranger).await.1.fault, "unauthenticated");
    let answer = gateway.ask(&finish(Streambird, &begun)).await;
    check_response(Streambird, "login.finish", &answer);
    assert_eq!(seen(&fake), [1, 1]);
}

#[tokio::test]
async fn embedded_ceremonies_survive_a_reload() {
    let tables = |more: &str| EMBEDDED.to_owned() + &route_verified_by_upstream("main", Quiva, "own", more);
    let gateway = Gateway::start(&tables("")).await;
    let request = begin(Quiva).with_json(&serde_json::json!({ "email": "demo@example.com" }));
    let begun = Quiva.begun(&gateway.ask(&request).await);
    reload(&gateway, &tables("user_verification = \"required\"")).await;
    let reloaded = gateway.ask(&request).await;
    assert_eq!(reloaded.content_json()["data"]["userVerification"], "required");
    let (_, refused) = gateway.refused(&finish(Quiva, &begun)).await;
    assert_eq!(refused.fault, "assertion_rejected", "the ceremony was found: {}", refused.reason);
}

#[tokio::test]
async fn listener_changes_need_a_restart_and_are_reported() {
    let (old, _new, gateway) = old_and_new().await;
    let so_far = gateway.logs.count();
    let more = "[ceremonies]\nmax_age = 60\n[passthrough]\n\"*\" = \"http://127.0.0.1:1\"\n";
    reload(&gateway, &(before(Quiva, &old) + more)).await;
    let said = gateway.logs.event_after(so_far, "restart needed").await;
    assert_eq!(said["level"], "WARN");
    assert_eq!(said["message"], "restart needed to apply the changes of [ceremonies], [passthrough]");
    assert_eq!(gateway.ask(&Request::new("GET", "/other")).await.status, 404, "no passthrough target is configured");
    reload(&gateway, &before(Quiva, &old)).await;
    check_response(Auth0, "login.finish", &finishes(&gateway, &begins(&gateway).await).await);
}

#[tokio::test]
async fn refresh_uses_the_current_config() {
    let fake = Fake::start_knowing(Quiva, CALLERS).await;
    let own = bare_upstream("new", Quiva, &fake.base_url(), "") + &route_verified_by_upstream("main", Quiva, "new", "");
    let gateway = Gateway::start(&own).await;
    let refresh = Request::fixture(Quiva, "session.refresh");
    check_response(Quiva, "session.refresh", &gateway.ask(&refresh).await);
    reload(&gateway, &(EMBEDDED.to_owned() + &route_verified_by_upstream("main", Quiva, "own", ""))).await;
    let (_, refused) = gateway.refused(&refresh).await;
    assert_eq!(refused.fault, "assertion_rejected");
    let seen: Vec<Value> = fake.requests("session.refresh").iter().map(Request::json).collect();
    assert_eq!(seen.len(), 1, "a token of unknown origin is not sent to other issuers");
}
