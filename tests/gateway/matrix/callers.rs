//! Which callers are accepted, by each kind of credential that a route can require.
//!
//! Missing and wrong credentials in every dialect's envelope are tested in `faults`. These tests show which callers
//! each setting of `callers` accepts.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use kit::config::{
    CALLERS, CALLING_USER, JWT_KEY, caller_token, expired_token, route, route_called_by, signed_token, upstream,
};
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::message::Request;
use kit::passkey::begin;
use kit::provider::Provider::{Apifox, Auth0, Flashback, Quiva, Streambird};

/// Sends each request and returns which were accepted.
async fn accepted(tables: &str, fake: &Fake, requests: &[Request]) -> Vec<bool> {
    let gateway = Gateway::start(tables).await;
    let mut outcomes = Vec::new();
    for request in requests {
        let before = fake.requests("login.begin").len();
        let answer = gateway.ask(request).await;
        let reached = fake.requests("login.begin").len() > before;
        assert_eq!(answer.status == 200, reached, "{answer:?}");
        if !reached {
            assert_eq!(gateway.refusal_of(&answer).await.fault, "unauthenticated", "{request:?}");
        }
        outcomes.push(reached);
    }
    outcomes
}

#[tokio::test]
async fn any_listed_api_key_is_accepted() {
    let fake = Fake::start(Quiva).await;
    let settings = "relax = [\"subject\"]\nset.user.email = \"team@example.com\"\n";
    let keys = r#"key = ["env:CALLER_KEY", "env:CALLER_SECRET"]"#;
    let tables =
        upstream("new", Quiva, &fake.base_url(), "") + &route_called_by("main", Streambird, "new", keys, settings);
    let with = |key: &str| begin(Streambird).with_field("authorization", &format!("Bearer {key}"));
    let requests = [
        with(CALLERS.key),
        with(CALLERS.client_secret),
        with(&CALLERS.key[1..]),
        with(&format!("{}0", CALLERS.key)),
        with("sk_test_FAKE0000000000000000"),
        begin(Streambird).with_field("authorization", CALLERS.key),
    ];
    assert_eq!(accepted(&tables, &fake, &requests).await, [true, true, false, false, false, false]);
}

#[tokio::test]
async fn open_route_accepts_any_caller() {
    let fake = Fake::start(Quiva).await;
    let settings = "relax = [\"subject\"]\nset.user.email = \"team@example.com\"\n";
    let tables = upstream("new", Quiva, &fake.base_url(), "")
        + &route_called_by("main", Streambird, "new", "key = \"anyone\"", settings);
    let made_up = begin(Streambird).with_field("authorization", "Bearer made-up");
    let none = begin(Streambird).without_field("authorization");
    assert_eq!(accepted(&tables, &fake, &[made_up, none]).await, [true, false]);
}

#[tokio::test]
async fn client_is_authenticated_by_id_and_secret() {
    let fake = Fake::start(Apifox).await;
    let callers = concat!(
        r#"client = { fakeClientId0000 = "env:CALLER_SECRET", anApp = "public" }, "#,
        r#"user = { jwt = { key = "env:CALLER_JWT_KEY", algorithms = ["HS256"], "#,
        r#"issuer = "https://issuer.example/", audience = "https://api.example/", claims = { "user.id" = "sub" } } }"#
    );
    let tables = upstream("new", Apifox, &fake.base_url(), "")
        + &route_called_by("main", Auth0, "new", callers, "fill.tokens.type = \"Bearer\"");
    let with = |content: Value| begin(Auth0).with_json(&content);
    let requests = [
        with(json!({ "client_id": CALLERS.client_id, "client_secret": CALLERS.client_secret })),
        with(json!({ "client_id": CALLERS.client_id, "client_secret": "fake-client-secreT" })),
        with(json!({ "client_id": CALLERS.client_id, "client_secret": "" })),
        with(json!({ "client_id": CALLERS.client_id })),
        with(json!({ "client_id": "fakeClientId0001", "client_secret": CALLERS.client_secret })),
        with(json!({ "client_id": "anApp" })),
        with(json!({ "client_id": "anApp", "client_secret": "whatever it believes" })),
    ];
    let expected = [true, false, false, false, false, true, true];
    assert_eq!(accepted(&tables, &fake, &requests).await, expected);
}

/// A token with these claims over the good ones, or with another algorithm.
fn token(algorithm: Algorithm, claims: &Value) -> String {
    let mut all = json!({
        "iss": "https://issuer.example/", "aud": "https://api.example/", "sub": CALLING_USER, "exp": 4_102_444_800_u64,
        "email": "caller@example.com",
    });
    for (name, value) in claims.as_object().unwrap() {
        all[name] = value.clone();
    }
    jsonwebtoken::encode(&Header::new(algorithm), &all, &EncodingKey::from_secret(JWT_KEY.as_bytes())).unwrap()
}

#[tokio::test]
async fn user_token_is_checked_for_signature_expiry_and_audience() {
    let fake = Fake::start(Quiva).await;
    let tables = upstream("new", Quiva, &fake.base_url(), "") + &route("main", Flashback, "new", "");
    let good = caller_token();
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    let none = format!("eyJhbGciOiJub25lIn0.{}.", good.split('.').nth(1).unwrap());
    let tokens = [
        (good.clone(), true),
        (token(Algorithm::HS256, &json!({})), true),
        (token(Algorithm::HS256, &json!({ "aud": ["https://other.example/", "https://api.example/"] })), true),
        (token(Algorithm::HS512, &json!({})), false),
        (expired_token(), false),
        (signed_token("a-key-of-somebody-else-entirely-here", CALLING_USER, 4_102_444_800), false),
        (token(Algorithm::HS256, &json!({ "iss": "https://other.example/" })), false),
        (token(Algorithm::HS256, &json!({ "aud": "https://other.example/" })), false),
        (token(Algorithm::HS256, &json!({ "nbf": 4_102_444_000_u64 })), false),
        (token(Algorithm::HS256, &json!({ "sub": null })), false),
        (token(Algorithm::HS256, &json!({ "sub": ["user_who_calls"] })), false),
        (token(Algorithm::HS256, &json!({ "exp": null })), false),
        (format!("{unsigned}."), false),
        (none, false),
        (unsigned.to_owned(), false),
    ];
    let with = |token: &str| begin(Flashback).with_field("authorization", &format!("Bearer {token}"));
    let requests: Vec<_> = tokens.iter().map(|(token, _)| with(token)).collect();
    let expected: Vec<_> = tokens.iter().map(|(_, is_good)| *is_good).collect();
    assert_eq!(accepted(&tables, &fake, &requests).await, expected);
}
