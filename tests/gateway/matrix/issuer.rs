//! If a dialect requires tokens that the upstream does not return, the gateway's own issuer issues them, for the user
//! who signed in at the upstream.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

use kit::config::{EMBEDDED, route, upstream};
use kit::contract::check_response;
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::message::{Request, Response};
use kit::passkey::{begin, finish};
use kit::provider::Provider::{self, Apifox, Auth0, Flashback, Quiva, Streambird};

/// Logs in through a route whose tokens the gateway issues.
async fn logs_in(dialect: Provider, upstream_of: Provider, settings: &str) -> (Gateway, Response) {
    let fake = Fake::start(upstream_of).await;
    let settings = format!("issuer = \"own\"\n{settings}");
    let tables = EMBEDDED.to_owned()
        + &upstream("new", upstream_of, &fake.base_url(), "")
        + &route("main", dialect, "new", &settings);
    let gateway = Gateway::start(&tables).await;
    let begun = dialect.begun(&gateway.ask(&begin(dialect)).await);
    if upstream_of == Streambird {
        let begin = fake.only("login.begin").json();
        let documented = Response::fixture(Streambird, "login.finish.response");
        let user = begin["user_id"].as_str().unwrap();
        fake.answers("login.finish", documented.replacing("user_24wFP9pDa9YiMJLun94iKykoZs2", user));
    }
    let answer = gateway.ask(&finish(dialect, &begun)).await;
    check_response(dialect, "login.finish", &answer);
    (gateway, answer)
}

/// The claims of a token, if the gateway's published keys verify it.
async fn verified(gateway: &Gateway, token: &str) -> Value {
    let answer = gateway.ask(&Request::new("GET", "/.well-known/jwks.json")).await;
    let keys: JwkSet = serde_json::from_slice(&answer.content).unwrap();
    let header = decode_header(token).unwrap();
    let key = keys.find(header.kid.as_deref().unwrap()).unwrap();
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&["http://localhost:8080/"]);
    validation.set_audience(&["http://localhost:8080/"]);
    decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap().claims
}

#[tokio::test]
async fn issuer_token_names_the_user_sent_upstream() {
    let settings = concat!(
        "set.user.email = \"team@example.com\"\n",
        "fill.user = { id = \"{user.email}\", name = \"The team\", created_at = 1704067200 }"
    );
    let (gateway, answer) = logs_in(Apifox, Quiva, settings).await;
    let content = answer.content_json();
    let token = content.pointer("/data/token/access_token").unwrap().as_str().unwrap();
    assert_eq!(verified(&gateway, token).await["sub"], "team@example.com");
    assert_eq!(content.pointer("/data/user/id").unwrap(), "team@example.com");
}

#[tokio::test]
async fn issuer_token_names_the_bearers_user() {
    let (gateway, answer) = logs_in(Flashback, Streambird, "set.rp_id = \"localhost\"").await;
    let content = answer.content_json();
    let token = content["fullAccessToken"].as_str().unwrap();
    assert_eq!(verified(&gateway, token).await["sub"], "user_who_calls");
    assert!(!answer.text().contains("fake"), "no token of the upstream is left: {answer:?}");
}

#[tokio::test]
async fn issuer_token_names_the_id_tokens_user() {
    let (gateway, answer) =
        logs_in(Apifox, Auth0, "fill.user = { name = \"{user.id}\", created_at = 1704067200 }").await;
    let content = answer.content_json();
    let token = content.pointer("/data/token/access_token").unwrap().as_str().unwrap();
    assert_eq!(verified(&gateway, token).await["sub"], "auth0|fake00000000");
}

#[tokio::test]
async fn no_token_is_issued_without_a_user() {
    let fake = Fake::start(Auth0).await;
    let documented = Response::fixture(Auth0, "login.finish.response").text().to_owned();
    let (before, rest) = documented.split_once("\"id_token\":\"").unwrap();
    let without = before.to_owned() + rest.split_once("\",").unwrap().1;
    fake.answers("login.finish", Response::json(200, &without));
    let settings = "issuer = \"own\"\nfill.user = { name = \"{user.id}\", created_at = 1704067200 }";
    let tables =
        EMBEDDED.to_owned() + &upstream("new", Auth0, &fake.base_url(), "") + &route("main", Apifox, "new", settings);
    let gateway = Gateway::start(&tables).await;
    let begun = Apifox.begun(&gateway.ask(&begin(Apifox)).await);
    let (answer, refused) = gateway.refused(&finish(Apifox, &begun)).await;
    assert_eq!(refused.fault, "upstream_invalid");
    assert!(!answer.text().contains("token\":"), "{answer:?}");
}
