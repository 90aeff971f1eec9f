//! Every dialect before the embedded relying party, with a real passkey: sign up, sign in, and a second finish is
//! refused.

use serde_json::{Value, json};

use crate::matrix::expected::check_content;
use crate::matrix::faults::refuses;
use kit::config::{CALLERS, EMBEDDED, route_verified_by_upstream};
use kit::contract::{check_fault, check_response};
use kit::device::Device;
use kit::gateway::Gateway;
use kit::message::Request;
use kit::passkey::{assertion, finish_content};
use kit::provider::Provider::{self, Apifox, Auth0, Flashback, Quiva, Streambird};
use kit::signup::{signs_in, signs_up};

pub(crate) const ADDRESS: &str = "ada@example.com";

/// All five dialects before one relying party.
pub(crate) async fn start() -> Gateway {
    let routes = Provider::ALL.map(|dialect| route_verified_by_upstream(dialect.id(), dialect, "own", ""));
    Gateway::start(&(EMBEDDED.to_owned() + &routes.concat())).await
}

/// A begin for a user of the directory.
pub(crate) fn begin(dialect: Provider, id: &str, email: &str, token: &str) -> Request {
    let request = Request::fixture(dialect, "login.begin").with_prefix(dialect.prefix());
    match dialect {
        Quiva => request.with_json(&json!({ "email": email })),
        Flashback => request.with_field("authorization", &format!("Bearer {token}")),
        Streambird => request.with_json(&json!({ "domain": "localhost", "user_id": id })),
        Auth0 | Apifox => request,
    }
}

pub(crate) fn finish(dialect: Provider, credential: &Value, session: Option<&str>, token: &str) -> Request {
    let request = Request::fixture(dialect, "login.finish").with_prefix(dialect.prefix());
    let request = request.with_json(&finish_content(dialect, credential, session));
    match dialect {
        Flashback => request.with_field("authorization", &format!("Bearer {token}")),
        Quiva | Streambird | Auth0 | Apifox => request,
    }
}

/// The demo user's token in the banner.
fn demo_token(gateway: &Gateway) -> &str {
    let command = gateway.banner.iter().find(|line| line.contains("/mfa/passkey/auth-options")).unwrap();
    command.split("Bearer ").nth(1).unwrap().split('\'').next().unwrap()
}

#[tokio::test]
async fn every_dialect_begins_for_the_demo_user() {
    let gateway = start().await;
    let token = demo_token(&gateway);
    for dialect in Provider::ALL {
        let answer = gateway.ask(&begin(dialect, "user_demo", "demo@example.com", token)).await;
        check_response(dialect, "login.begin", &answer);
        check_content("begin", dialect.id(), "embedded", answer.text());
        assert_eq!(dialect.begun(&answer).challenge.len(), 32);
    }
}

#[tokio::test]
async fn unknown_user_cannot_begin_and_existing_user_cannot_sign_up() {
    let gateway = start().await;
    for dialect in [Quiva, Streambird] {
        let nobody = begin(dialect, "user_nobody", "nobody@example.com", "");
        refuses(&gateway, dialect, "login.begin", &nobody, "unknown_user").await;
    }
    let content = json!({ "client_id": CALLERS.client_id, "user_profile": { "email": "demo@example.com" } });
    let again = Request::fixture(Auth0, "signup.begin").with_json(&content);
    refuses(&gateway, Auth0, "signup.begin", &again, "unauthenticated").await;
    let content = json!({
        "client_id": CALLERS.client_id, "client_secret": CALLERS.client_secret,
        "user_profile": { "email": "demo@example.com" },
    });
    refuses(&gateway, Auth0, "signup.begin", &again.with_json(&content), "conflict").await;
    let foreign = begin(Flashback, "", "", "e30.e30.e30");
    refuses(&gateway, Flashback, "login.begin", &foreign, "unauthenticated").await;
}

#[tokio::test]
async fn unknown_passkey_is_rejected_in_every_envelope() {
    let gateway = start().await;
    let token = demo_token(&gateway).to_owned();
    for dialect in Provider::ALL {
        let answer = gateway.ask(&begin(dialect, "user_demo", "demo@example.com", &token)).await;
        let begun = dialect.begun(&answer);
        let request = finish(dialect, &assertion(&begun.challenge), begun.session.as_deref(), &token);
        refuses(&gateway, dialect, "login.finish", &request, "assertion_rejected").await;
        refuses(&gateway, dialect, "login.finish", &request, "challenge_expired").await;
    }
}

#[tokio::test]
async fn new_user_signs_in_through_every_dialect_once() {
    let gateway = start().await;
    let mut device = Device::default();
    let signed_up = signs_up(&gateway, &mut device, ADDRESS).await;
    let mut token = signed_up["access_token"].as_str().unwrap().to_owned();
    let user = user_of(&token);
    // Flashback is a second factor: it takes the token of a login before it.
    for dialect in [Auth0, Flashback, Quiva, Streambird, Apifox] {
        let answer = gateway.ask(&begin(dialect, &user, ADDRESS, &token)).await;
        check_response(dialect, "login.begin", &answer);
        let begun = dialect.begun(&answer);
        let credential = device.get(&begun.challenge).await;
        let request = finish(dialect, &credential, begun.session.as_deref(), &token);
        let answer = gateway.ask(&request).await;
        check_response(dialect, "login.finish", &answer);
        check_content("finish", dialect.id(), "embedded", answer.text());
        assert!(names_only(dialect, &answer.content_json(), &user), "{answer:?}");

        let (answer, refused) = gateway.refused(&request).await;
        check_fault(dialect, &answer);
        assert_eq!(refused.fault, "challenge_expired", "{}", dialect.id());
        if dialect == Auth0 {
            token = signs_in(&gateway, &mut device).await.content_json()["access_token"].as_str().unwrap().to_owned();
        }
    }
}

/// The subject of a token.
fn user_of(token: &str) -> String {
    let claims = Auth0.read(token.split('.').nth(1).unwrap());
    serde_json::from_slice::<Value>(&claims).unwrap()["sub"].as_str().unwrap().to_owned()
}

fn names_only(dialect: Provider, content: &Value, user: &str) -> bool {
    match dialect {
        // No session was requested, so there is none.
        Streambird => content["user_id"] == user && content["session_jwt"] == "",
        Apifox => content["data"]["user"]["id"] == user && content["data"]["user"]["email"] == ADDRESS,
        Quiva => user_of(content["data"]["auth_token"].as_str().unwrap()) == user,
        Flashback => user_of(content["fullAccessToken"].as_str().unwrap()) == user,
        Auth0 => user_of(content["access_token"].as_str().unwrap()) == user,
    }
}
