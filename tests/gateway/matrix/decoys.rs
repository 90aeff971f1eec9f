//! Hidden enumeration: an unknown user gets a response like a known one, and both are refused alike.

use serde_json::{Value, json};

use crate::matrix::embedded;
use kit::config::{EMBEDDED, bare_upstream, route, route_verified_by_upstream, upstream};
use kit::contract::{check_fault, check_response};
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::message::{Request, Response};
use kit::passkey::{assertion, finish_with};
use kit::provider::Provider::{self, Quiva, Streambird};

const HASHED: &str = "[gateway]\nhash_key = \"env:HASH_KEY\"\n";
const PRIVATE: &str = "enumeration = \"hidden\"";
const LISTED: &str = "discoverable = false";

/// The two dialects whose begin names the user, before the embedded relying party.
fn embedded_config() -> String {
    let routes = [Quiva, Streambird].map(|dialect| route_verified_by_upstream(dialect.id(), dialect, "own", PRIVATE));
    HASHED.to_owned() + EMBEDDED + &routes.concat()
}

fn begin(dialect: Provider, user: &str) -> Request {
    embedded::begin(dialect, user, user, "")
}

/// The ids of an answer's credentials.
fn ids(dialect: Provider, answer: &Response) -> Vec<String> {
    let content = answer.content_json();
    let list = match dialect {
        Quiva => content.pointer("/data/allowCredentials"),
        _ => content.pointer("/public_key_credential_request_options/publicKey/allowCredentials"),
    };
    list.unwrap().as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

/// A response with every value replaced by its kind, and every list by its first element.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
        Value::Array(elements) => elements.first().map(shape).into_iter().collect(),
        Value::String(_) => "text".into(),
        Value::Number(_) => "number".into(),
        Value::Bool(_) | Value::Null => value.clone(),
    }
}

/// A refusal without the members that differ each time.
fn status_and_content(answer: &Response) -> (u16, Value) {
    (answer.status, answer.content_json())
}

#[tokio::test]
async fn unknown_user_gets_a_response_shaped_like_a_known_users() {
    let gateway = Gateway::start(&embedded_config()).await;
    for (dialect, known) in [(Quiva, "demo@example.com"), (Streambird, "user_demo")] {
        let real = gateway.ask(&begin(dialect, known)).await;
        check_response(dialect, "login.begin", &real);
        let mut counts = Vec::new();
        for number in 0..40 {
            let nobody = format!("nobody{number}@example.com");
            let made_up = gateway.ask(&begin(dialect, &nobody)).await;
            check_response(dialect, "login.begin", &made_up);
            assert_eq!(made_up.status, real.status);
            let (mut one, other) = (shape(&made_up.content_json()), shape(&real.content_json()));
            without_transports(&mut one);
            let mut other = other;
            without_transports(&mut other);
            assert_eq!(one, other);
            assert_eq!(dialect.begun(&made_up).challenge.len(), dialect.begun(&real).challenge.len());
            counts.push(ids(dialect, &made_up).len());
        }
        assert!((1..=4).contains(counts.iter().max().unwrap()) && counts.contains(&1), "{counts:?}");
        assert!(counts.iter().any(|count| *count != counts[0]), "{counts:?}");
    }
}

/// Not every passkey has transports.
fn without_transports(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.shift_remove("transports");
            members.values_mut().for_each(without_transports);
        }
        Value::Array(elements) => elements.iter_mut().for_each(without_transports),
        _ => {}
    }
}

#[tokio::test]
async fn decoy_passkeys_are_stable_across_restart_replica_and_upstream() {
    let fake = Fake::start(Quiva).await;
    fake.refuses("login.begin", "401_unknown_user");
    let elsewhere = HASHED.to_owned()
        + &bare_upstream("old", Quiva, &fake.base_url(), LISTED)
        + &route_verified_by_upstream("quiva", Quiva, "old", PRIVATE);
    let gateways = [
        Gateway::start(&embedded_config()).await,
        Gateway::start(&embedded_config()).await,
        Gateway::start(&elsewhere).await,
    ];
    let mut seen = Vec::new();
    for user in ["nobody@example.com", "somebody@example.com"] {
        let mut lists = Vec::new();
        for gateway in &gateways {
            let (one, again) = (gateway.ask(&begin(Quiva, user)).await, gateway.ask(&begin(Quiva, user)).await);
            assert_eq!(ids(Quiva, &one), ids(Quiva, &again));
            assert_ne!(Quiva.begun(&one).challenge, Quiva.begun(&again).challenge);
            lists.push(ids(Quiva, &one));
        }
        let shouted = gateways[0].ask(&begin(Quiva, &user.to_uppercase())).await;
        lists.push(ids(Quiva, &shouted));
        assert!(!lists[0].is_empty() && lists.iter().all(|list| *list == lists[0]), "{lists:?}");
        seen.push(lists.remove(0));
    }
    assert_ne!(seen[0], seen[1]);
}

#[tokio::test]
async fn finish_for_a_decoy_is_refused_like_a_wrong_passkey() {
    let gateway = Gateway::start(&embedded_config()).await;
    for (dialect, known) in [(Quiva, "demo@example.com"), (Streambird, "user_demo")] {
        let mut answers = Vec::new();
        for user in [known, "nobody@example.com"] {
            let answer = gateway.ask(&begin(dialect, user)).await;
            let begun = dialect.begun(&answer);
            let mut credential = assertion(&begun.challenge);
            let id = ids(dialect, &answer).remove(0).replace('+', "-").replace('/', "_");
            credential["id"] = json!(id.trim_end_matches('='));
            credential["rawId"] = credential["id"].clone();
            let finish = finish_with(dialect, &credential, begun.session.as_deref());
            let refused = gateway.ask(&finish).await;
            check_fault(dialect, &refused);
            assert_eq!(gateway.refusal_of(&refused).await.fault, "assertion_rejected");
            let again = gateway.ask(&finish).await;
            assert_eq!(gateway.refusal_of(&again).await.fault, "challenge_expired");
            answers.push((status_and_content(&refused), status_and_content(&again)));
        }
        assert_eq!(answers[0], answers[1], "{}", dialect.id());
    }
}

#[tokio::test]
async fn upstream_is_called_for_unknown_users_and_cannot_sign_them_in() {
    let fake = Fake::start(Streambird).await;
    let config = HASHED.to_owned()
        + &upstream("new", Streambird, &fake.base_url(), LISTED)
        + &route(
            "quiva",
            Quiva,
            "new",
            &format!("{PRIVATE}\nset = {{ user.id = \"{{user.email}}\", rp_id = \"localhost\" }}"),
        );
    let gateway = Gateway::start(&config).await;
    let real = gateway.ask(&begin(Quiva, "ada@example.com")).await;
    fake.refuses("login.begin", "404_not_found");
    let made_up = gateway.ask(&begin(Quiva, "nobody@example.com")).await;
    check_response(Quiva, "login.begin", &made_up);
    assert_eq!(shape(&made_up.content_json()), shape(&real.content_json()), "a decoy has the shape of a real response");
    assert_eq!(made_up.content_json()["data"]["rpId"], real.content_json()["data"]["rpId"]);
    assert_eq!(fake.requests("login.begin").len(), 2);

    let begun = Quiva.begun(&made_up);
    let refused = gateway.ask(&finish_with(Quiva, &assertion(&begun.challenge), None)).await;
    assert_eq!(gateway.refusal_of(&refused).await.fault, "assertion_rejected", "whatever the upstream answers");
    assert_eq!(fake.requests("login.finish").len(), 1);

    for (fault, expected) in [
        ("400_invalid_request", "assertion_rejected"),
        ("404_not_found", "assertion_rejected"),
        ("429_rate_limited", "rate_limited"),
        ("500_internal_error", "upstream_failed"),
    ] {
        fake.refuses("login.finish", fault);
        let begun = Quiva.begun(&gateway.ask(&begin(Quiva, "nobody@example.com")).await);
        let refused = gateway.ask(&finish_with(Quiva, &assertion(&begun.challenge), None)).await;
        assert_eq!(gateway.refusal_of(&refused).await.fault, expected, "{fault}");
    }
}

#[tokio::test]
async fn same_email_in_another_account_is_another_decoy() {
    let fake = Fake::start(Quiva).await;
    fake.refuses("login.begin", "401_unknown_user");
    let config = HASHED.to_owned()
        + &bare_upstream("old", Quiva, &fake.base_url(), LISTED)
        + &route_verified_by_upstream("quiva", Quiva, "old", PRIVATE);
    let gateway = Gateway::start(&config).await;
    let mut lists = Vec::new();
    for account in ["acme", "acme", "other"] {
        let content = json!({ "email": "nobody@example.com", "account": account });
        lists.push(ids(Quiva, &gateway.ask(&begin(Quiva, "").with_json(&content)).await));
    }
    assert_eq!(lists[0], lists[1]);
    assert_ne!(lists[0], lists[2]);
}

#[tokio::test]
async fn decoy_requires_the_same_user_verification() {
    let strict = format!("{PRIVATE}\nuser_verification = \"required\"");
    let config = HASHED.to_owned() + EMBEDDED + &route_verified_by_upstream("quiva", Quiva, "own", &strict);
    let gateway = Gateway::start(&config).await;
    for user in ["demo@example.com", "nobody@example.com"] {
        let answer = gateway.ask(&begin(Quiva, user)).await;
        assert_eq!(answer.content_json()["data"]["userVerification"], "required", "{user}");
    }
}

#[tokio::test]
async fn empty_credential_list_becomes_a_decoy_only_without_discoverable_sign_in() {
    for (discoverable, is_made_up) in [("discoverable = false", true), ("", false)] {
        let fake = Fake::start(Quiva).await;
        fake.answers("login.begin", Response::json(200, r#"{"data":{"challenge":"AAECAwQFBgcICQoLDA0ODw=="}}"#));
        let config = HASHED.to_owned()
            + &bare_upstream("old", Quiva, &fake.base_url(), discoverable)
            + &route_verified_by_upstream("quiva", Quiva, "old", PRIVATE);
        let gateway = Gateway::start(&config).await;
        let answer = gateway.ask(&begin(Quiva, "nobody@example.com")).await;
        let has_list = answer.content_json().pointer("/data/allowCredentials").is_some();
        assert_eq!(has_list, is_made_up, "{}", answer.text());
    }
}

#[tokio::test]
async fn documented_enumeration_reports_unknown_users() {
    let config = HASHED.to_owned() + EMBEDDED + &route_verified_by_upstream("quiva", Quiva, "own", "");
    let gateway = Gateway::start(&config).await;
    let answer = gateway.ask(&begin(Quiva, "nobody@example.com")).await;
    assert_eq!(gateway.refusal_of(&answer).await.fault, "unknown_user");
}

#[tokio::test]
async fn no_decoy_while_a_fallback_upstream_may_know_the_user() {
    let fake = Fake::start(Quiva).await;
    fake.refuses("login.begin", "401_unknown_user");
    let fallback = format!("{PRIVATE}\nfallback = {{ on = [\"unknown_user\"], to = [\"own\"] }}");
    let config = HASHED.to_owned()
        + EMBEDDED
        + &bare_upstream("old", Quiva, &fake.base_url(), LISTED)
        + &route_verified_by_upstream("quiva", Quiva, "old", &fallback);
    let gateway = Gateway::start(&config).await;
    let moved = gateway.ask(&begin(Quiva, "demo@example.com")).await;
    let unknown = gateway.ask(&begin(Quiva, "nobody@example.com")).await;
    for answer in [&moved, &unknown] {
        check_response(Quiva, "login.begin", answer);
    }
    assert_eq!(fake.requests("login.begin").len(), 2);
    let alone = Gateway::start(&embedded_config()).await;
    let known = alone.ask(&begin(Quiva, "demo@example.com")).await;
    assert_ne!(ids(Quiva, &known), ids(Quiva, &moved), "each directory has a demo user of its own");
    let unmoved = HASHED.to_owned()
        + &bare_upstream("old", Quiva, &fake.base_url(), LISTED)
        + &route_verified_by_upstream("quiva", Quiva, "old", PRIVATE);
    let made_up = Gateway::start(&unmoved).await.ask(&begin(Quiva, "demo@example.com")).await;
    assert_ne!(ids(Quiva, &made_up), ids(Quiva, &moved), "a known user has real passkeys");
    let made_up = alone.ask(&begin(Quiva, "nobody@example.com")).await;
    assert_eq!(ids(Quiva, &made_up), ids(Quiva, &unknown));
    let other = alone.ask(&begin(Quiva, "demo2@example.com")).await;
    assert_ne!(ids(Quiva, &other), ids(Quiva, &unknown));
}
