//! A whole login for every pair: begin, finish, the upstream requests, and a second finish that is refused.

use serde_json::Value;

use crate::matrix::expected::check_content;
use crate::matrix::pairs::Pair;
use kit::config::CALLERS;
use kit::contract::{check_response, response_violations};
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::message::{Request, Response};
use kit::passkey::{assertion, begin, finish, finish_content};
use kit::provider::{Begun, Provider};

macro_rules! pairs {
    ($($name:ident: $dialect:ident before $upstream:ident;)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                logs_in(Pair { dialect: Provider::$dialect, upstream: Provider::$upstream }).await;
            }
        )*
    };
}

pairs! {
    quiva_before_quiva: Quiva before Quiva;
    quiva_before_flashback: Quiva before Flashback;
    quiva_before_streambird: Quiva before Streambird;
    quiva_before_auth0: Quiva before Auth0;
    quiva_before_apifox: Quiva before Apifox;
    flashback_before_quiva: Flashback before Quiva;
    flashback_before_flashback: Flashback before Flashback;
    flashback_before_streambird: Flashback before Streambird;
    flashback_before_auth0: Flashback before Auth0;
    flashback_before_apifox: Flashback before Apifox;
    streambird_before_quiva: Streambird before Quiva;
    streambird_before_flashback: Streambird before Flashback;
    streambird_before_streambird: Streambird before Streambird;
    streambird_before_auth0: Streambird before Auth0;
    streambird_before_apifox: Streambird before Apifox;
    auth0_before_quiva: Auth0 before Quiva;
    auth0_before_flashback: Auth0 before Flashback;
    auth0_before_streambird: Auth0 before Streambird;
    auth0_before_auth0: Auth0 before Auth0;
    auth0_before_apifox: Auth0 before Apifox;
    apifox_before_quiva: Apifox before Quiva;
    apifox_before_flashback: Apifox before Flashback;
    apifox_before_streambird: Apifox before Streambird;
    apifox_before_auth0: Apifox before Auth0;
    apifox_before_apifox: Apifox before Apifox;
}

async fn logs_in(pair: Pair) {
    let fake = Fake::start_knowing(pair.upstream, pair.credentials()).await;
    fake.answers("login.begin", Response::fixture(pair.upstream, "login.begin.response"));
    let gateway = Gateway::start(&pair.config(&fake.base_url(), "")).await;

    let answer = gateway.ask(&as_called(pair, begin(pair.dialect))).await;
    check_begin(pair, &answer);
    check_content("begin", pair.dialect.id(), pair.upstream.id(), answer.text());
    check_arrived(pair, &fake.only("login.begin"), pair.begin_content());

    let begun = pair.dialect.begun(&answer);
    fake.answers("login.finish", signed_in(pair, &fake));
    let answer = gateway.ask(&as_called(pair, finish(pair.dialect, &begun))).await;
    check_response(pair.dialect, "login.finish", &answer);
    check_content("finish", pair.dialect.id(), pair.upstream.id(), answer.text());
    check_arrived(pair, &fake.only("login.finish"), Some(finish_content_of(pair, &begun)));

    let again = gateway.ask(&as_called(pair, finish(pair.dialect, &begun))).await;
    assert_eq!(gateway.refusal_of(&again).await.fault, "challenge_expired");
    fake.only("login.finish");
}

/// The request with the caller's user agent, and with the user's token if the upstream verifies it.
fn as_called(pair: Pair, request: Request) -> Request {
    let request = request.with_field("user-agent", "Example/1.0");
    match pair.is_same() && request.field("authorization").is_some() && pair.dialect == Provider::Flashback {
        true => request.with_field("authorization", &format!("Bearer {}", CALLERS.user_token)),
        false => request,
    }
}

/// Asserts that the response is valid in the dialect, except for a member that the route relaxes.
fn check_begin(pair: Pair, answer: &Response) {
    let Some(relaxed) = pair.relaxed() else { return check_response(pair.dialect, "login.begin", answer) };
    let violations = response_violations(pair.dialect, "login.begin.response", answer);
    assert!(violations.len() == 1 && violations[0].contains(relaxed), "{violations:#?}");
}

/// Asserts the content of an upstream request, and that it has none of the caller's credentials.
fn check_arrived(pair: Pair, arrived: &Request, content: Option<Value>) {
    let mut got = arrived.json();
    for name in ["credential", "response"] {
        let parsed = got[name].as_str().map(|text| serde_json::from_str::<Value>(text).unwrap());
        if let Some(parsed) = parsed {
            got[name] = parsed;
        }
    }
    assert_eq!(got, content.unwrap_or(Value::Null), "what arrived at {}", pair.upstream.id());
    if !pair.is_same() {
        for secret in CALLERS.secrets().into_iter().chain(["eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9"]) {
            assert!(!arrived.mentions(secret), "{secret} arrived at {}", pair.upstream.id());
        }
    }
    let forwarded = (pair.upstream == Provider::Auth0).then_some("127.0.0.1");
    assert_eq!(arrived.field("auth0-forwarded-for"), forwarded);
    assert!(arrived.field("user-agent").unwrap().starts_with("passbridge/"), "{arrived:?}");
}

/// The documented response to a finish, for the user of the upstream request.
fn signed_in(pair: Pair, fake: &Fake) -> Response {
    let documented = Response::fixture(pair.upstream, "login.finish.response");
    match pair.upstream {
        Provider::Streambird => {
            let begin = fake.only("login.begin").json();
            documented.replacing("user_24wFP9pDa9YiMJLun94iKykoZs2", begin["user_id"].as_str().unwrap())
        }
        Provider::Apifox => {
            let email = if pair.dialect == Provider::Flashback { "caller@example.com" } else { "user@example.com" };
            let documented = documented.replacing("user@example.com", email);
            documented.replacing("\"2025-01-01T01:00", "\"2099-01-01T01:00").replacing("\"2025-01-15", "\"2099-01-15")
        }
        Provider::Quiva | Provider::Flashback | Provider::Auth0 => documented,
    }
}

/// The expected content of the upstream's finish, with JSON in strings parsed.
fn finish_content_of(pair: Pair, begun: &Begun) -> Value {
    let mut credential = assertion(&begun.challenge);
    if pair.dialect == Provider::Flashback {
        credential.as_object_mut().unwrap().remove("authenticatorAttachment");
        let keeps = matches!(pair.upstream, Provider::Streambird);
        if !keeps {
            credential.as_object_mut().unwrap().remove("clientExtensionResults");
        }
    }
    let session = match pair.upstream {
        Provider::Auth0 => Some("Fe26.2**fake-auth-session"),
        Provider::Apifox => Some("47c10dd3-7e10-4950-95d5-483dbc9508e6"),
        Provider::Quiva | Provider::Flashback | Provider::Streambird => None,
    };
    let mut content = finish_content(pair.upstream, &credential, session);
    for name in ["credential", "response"] {
        if let Some(text) = content[name].as_str().map(str::to_owned) {
            content[name] = serde_json::from_str(&text).unwrap();
        }
    }
    for (name, value) in pair.finish_extras().as_object().unwrap() {
        content[name] = value.clone();
    }
    content
}
