//! The result of a try request: every step, and no secret.

use serde_json::{Value, json};

use super::rig::Rig;
use kit::config::{CALLERS, OURS};
use kit::message::{Request, Response};
use kit::provider::Provider;

const ALL_STAGES: [&str; 6] =
    ["caller_request", "model_request", "upstream_request", "upstream_answer", "model_answer", "caller_answer"];

fn stages(tried: &Value) -> Vec<&str> {
    tried["steps"].as_array().unwrap().iter().map(|step| step["stage"].as_str().unwrap()).collect()
}

fn step<'t>(tried: &'t Value, stage: &str) -> &'t Value {
    let steps = tried["steps"].as_array().unwrap();
    steps.iter().find(|step| step["stage"] == stage).unwrap_or_else(|| panic!("no {stage} in {tried}"))
}

#[tokio::test]
async fn every_dialect_begins_a_sign_in_for_the_demo_user() {
    let rig = Rig::start().await;
    for dialect in Provider::ALL {
        let tried = rig.attempt(dialect.id(), "login.begin", &json!({})).await.content_json();
        assert_eq!(stages(&tried), ALL_STAGES, "{dialect:?}");
        let challenge = tried["answer"]["challenge"].as_str().unwrap();
        assert_eq!(step(&tried, "upstream_answer")["members"]["challenge"], challenge, "{dialect:?}");
        assert_eq!(step(&tried, "model_answer")["members"]["challenge"], challenge, "{dialect:?}");
        let line = step(&tried, "caller_request")["message"]["line"].as_str().unwrap().to_owned();
        assert!(line.contains(&Request::fixture(dialect, "login.begin").target), "{dialect:?}: {line}");
    }
}

#[tokio::test]
async fn demo_bearer_is_never_sent_upstream() {
    let rig = Rig::start().await;
    for (route, operation) in [
        ("flashback", "login.begin"),
        ("quiva", "registration.begin"),
        ("auth0", "registration.begin"),
        ("apifox", "registration.begin"),
    ] {
        let answer = rig.attempt(route, operation, &json!({})).await;
        let tried = answer.content_json();
        assert_eq!(stages(&tried), ALL_STAGES, "{route}");
        let fields = step(&tried, "caller_request")["message"]["fields"].to_string();
        assert!(fields.contains("Bearer eyJ0eX… ("), "{route}: {fields}");
        // In a complete token, the payload after the first dot begins with `eyJ` too.
        assert!(!answer.text().contains(".eyJ"), "{route}: {answer:?}");
    }
}

#[tokio::test]
async fn upstream_messages_are_shown_without_secrets() {
    let rig = Rig::start().await;
    let members = json!({ "client.key": CALLERS.key, "user.id": "user_1", "rp_id": "example.com" });
    let answer = rig.attempt("there", "login.begin", &members).await;
    let tried = answer.content_json();
    assert_eq!(stages(&tried), ALL_STAGES);
    let sent = &step(&tried, "upstream_request")["message"];
    assert_eq!(
        (&sent["line"], &sent["content"]["client_id"]),
        (&json!("POST /passkey/challenge"), &json!(OURS.client_id))
    );
    assert!(sent["content"]["client_secret"].as_str().unwrap().contains('…'), "{sent}");
    let answered = &step(&tried, "upstream_answer")["message"]["content"];
    assert_eq!(answered["authn_params_public_key"]["rpId"], step(&tried, "model_answer")["members"]["rp_id"]);
    assert_eq!(tried["is_success"], true);
    assert!(tried["answer"].is_null(), "the route relaxed what the dialect requires");
    assert!(answered["auth_session"].as_str().unwrap().contains('…'), "{answered}");
    for secret in [OURS.client_secret, CALLERS.key] {
        assert!(rig.fake.only("login.begin").mentions(OURS.client_secret));
        assert!(!answer.text().contains(secret), "{secret} is shown");
    }
}

#[tokio::test]
async fn refusal_is_shown_with_its_reason() {
    let rig = Rig::start().await;
    let members = json!({ "client.key": "sk_of_somebody_else", "user.id": "user_1", "rp_id": "example.com" });
    let tried = rig.attempt("there", "login.begin", &members).await.content_json();
    assert_eq!(stages(&tried), ["caller_request", "model_request", "refusal", "caller_answer"]);
    let fault = &step(&tried, "refusal")["fault"];
    assert_eq!(fault["name"], "unauthenticated");
    assert_eq!(fault["reason"], "the API key is unknown");
    assert_eq!((&tried["is_success"], &tried["answer"]), (&json!(false), &Value::Null));
    assert_eq!(step(&tried, "caller_answer")["message"]["line"], "401 Unauthorized");
}

#[tokio::test]
async fn undecodable_response_is_shown_without_its_text() {
    let rig = Rig::start().await;
    let odd = r#"{"surprise":{"x":"a-text-that-nobody-understood"},"code":"short"}"#;
    rig.fake.answers("login.begin", Response::json(200, odd));
    let members = json!({ "client.key": CALLERS.key, "user.id": "user_1", "rp_id": "example.com" });
    let answer = rig.attempt("there", "login.begin", &members).await;
    let tried = answer.content_json();
    let content = &step(&tried, "upstream_answer")["message"]["content"];
    assert_eq!(content["code"], "short");
    assert_eq!(content["surprise"]["x"], "a-text… (29 characters)");
    assert!(!answer.text().contains("nobody-understood"));
}

#[tokio::test]
async fn available_operations_are_listed() {
    let rig = Rig::start().await;
    let offers = rig.ask(&Request::new("GET", "/try")).await.content_json();
    let routes = offers["routes"].as_array().unwrap();
    let of = |name: &str| routes.iter().find(|offer| offer["route"] == name).unwrap();
    assert_eq!(routes.len(), Provider::ALL.len() + 1);
    assert_eq!(of("auth0")["demo"], demo(true, true));
    assert_eq!(of("streambird")["demo"], demo(true, false), "its options have no resident key");
    assert_eq!(of("flashback")["demo"], demo(false, false), "its options have no user handle");
    let there = of("there");
    assert!(there["demo"].is_null());
    let asks = there["asks"].as_array().unwrap();
    let ask = |name: &str| asks.iter().find(|ask| ask["name"] == name).unwrap();
    assert_eq!(ask("client.key")["is_secret"], true);
    assert_eq!(ask("user.id")["is_required"], true);
    assert_eq!(asks.len(), 3);
}

fn demo(registers: bool, discoverable: bool) -> Value {
    json!({ "rp_id": "localhost", "origins": ["http://localhost:8080"], "registers": registers, "discoverable": discoverable })
}
