//! Callers of the sixth provider before each of the five, and before the sixth itself.

use crate::sixth_provider::imitation::{self, Kelpie};
use crate::sixth_provider::kelpie::{self, BY_JWT, check};
use kit::config::{CALLERS, upstream};
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::message::Response;
use kit::passkey::client_data;
use kit::provider::Provider::{self, Apifox, Auth0, Flashback, Quiva, Streambird};

/// The route's settings for each upstream.
fn settings(upstream: Provider) -> &'static str {
    match upstream {
        Quiva | Apifox => "",
        Flashback | Auth0 => "relax = [\"subject\"]",
        Streambird => "relax = [\"subject\"]\nset.user.id = \"{user.email}\"",
    }
}

/// `fill` for every upstream of another provider: the sixth provider requires the user and the RP ID.
const FILL: &str = "[routes.main.fill]\nrp_id = \"localhost\"\nuser.id = \"{user.email}\"";

async fn logs_in(provider: Provider) {
    let fake = Fake::start(provider).await;
    fake.answers("login.begin", Response::fixture(provider, "login.begin.response"));
    let tables = kelpie::providers()
        + &upstream("new", provider, &fake.base_url(), "")
        + &kelpie::route("main", "new", BY_JWT, settings(provider))
        + FILL;
    let gateway = Gateway::start(&tables).await;

    let answer = gateway.ask(&kelpie::begin()).await;
    check("login.begin.response", &answer);
    let begun = kelpie::begun(&answer);
    let documented = provider.begun(&Response::fixture(provider, "login.begin.response"));
    assert_eq!(begun.challenge, documented.challenge);
    if provider == Streambird {
        let documented = Response::fixture(provider, "login.finish.response");
        fake.answers("login.finish", documented.replacing("user_24wFP9pDa9YiMJLun94iKykoZs2", "user@example.com"));
    }

    let answer = gateway.ask(&kelpie::finish(&begun)).await;
    check("login.finish.response", &answer);
    let arrived = fake.only("login.finish");
    let text = String::from_utf8_lossy(&arrived.content).replace("\\", "");
    assert!(text.contains(&client_data(&begun.challenge)), "{arrived:?}");
    for request in [fake.only("login.begin"), arrived] {
        assert!(CALLERS.secrets().iter().all(|secret| !request.mentions(secret)), "{request:?}");
    }

    let (answer, refused) = gateway.refused(&kelpie::finish(&begun)).await;
    check("fault", &answer);
    assert_eq!((refused.fault.as_str(), answer.content_json()["status"].as_i64()), ("challenge_expired", Some(4100)));
    fake.only("login.finish");
}

#[tokio::test]
async fn before_quiva() {
    logs_in(Quiva).await;
}

#[tokio::test]
async fn before_flashback() {
    logs_in(Flashback).await;
}

#[tokio::test]
async fn before_streambird() {
    logs_in(Streambird).await;
}

#[tokio::test]
async fn before_auth0() {
    logs_in(Auth0).await;
}

#[tokio::test]
async fn before_apifox() {
    logs_in(Apifox).await;
}

#[tokio::test]
async fn same_provider_forwards_key_and_ceremony() {
    let imitation = Fake::start_knowing(Kelpie, CALLERS).await;
    let tables =
        kelpie::providers() + &imitation::upstream(&imitation, "") + &kelpie::route("main", "new", "\"upstream\"", "");
    let gateway = Gateway::start(&tables).await;
    let answer = gateway.ask(&kelpie::begin()).await;
    check("login.begin.response", &answer);
    assert_eq!(answer.content, kelpie::response("login.begin.response").content);
    let begun = kelpie::begun(&answer);
    assert_eq!(begun.session.as_deref(), Some("ceremony_fake_0001"));
    assert_eq!(imitation.only("login.begin").target, kelpie::begin().target);

    let answer = gateway.ask(&kelpie::finish(&begun)).await;
    check("login.finish.response", &answer);
    assert_eq!(imitation.only("login.finish").field("x-kelpie-ceremony"), Some("ceremony_fake_0001"));

    let answer = gateway.ask(&kelpie::begin().with_field("x-kelpie-key", "wrong")).await;
    check("fault", &answer);
    assert_eq!(answer.content_json()["status"], 4010);
}

#[tokio::test]
async fn invalid_request_gets_its_own_envelope() {
    let fake = Fake::start(Quiva).await;
    let tables = kelpie::providers()
        + &upstream("new", Quiva, &fake.base_url(), "")
        + &kelpie::route("main", "new", BY_JWT, "")
        + FILL;
    let gateway = Gateway::start(&tables).await;
    let broken = [
        (kelpie::begin().without_field("x-kelpie-key"), 4010),
        (kelpie::begin().with_field("x-kelpie-key", "stranger"), 4010),
        (kelpie::request("login.finish").with_field("x-kelpie-key", CALLERS.key), 4100),
        (kelpie::request("login.finish").with_field("x-kelpie-key", CALLERS.key).with_content("{"), 4000),
        (kelpie::request("login.finish").with_field("content-type", "text/plain"), 4150),
        (kelpie::request("credentials.list").without_field("authorization"), 4010),
    ];
    for (request, status) in broken {
        let answer = gateway.ask(&request).await;
        check("fault", &answer);
        assert_eq!(answer.content_json()["status"], status, "{request:?}");
    }
}
