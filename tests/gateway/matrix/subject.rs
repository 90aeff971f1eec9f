//! The user of the begin must be the user of the finish: another user's passkey is refused.
//!
//! Upstreams that begin without a user (Auth0, Cloudreve) let any passkey answer, so the answer to
//! the finish must prove the user; without a proof there is no sign-in.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use kit::config::{JWT_KEY, route, signed_token, upstream};
use kit::contract::{check_fault, check_response};
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::message::Response;
use kit::passkey::{begin, finish};
use kit::provider::Provider::{self, Apifox, Auth0, Flashback, Quiva, Streambird};

const SIGNED_IN: bool = true;
const REFUSED: bool = false;

/// Logs in once per case: the user in the upstream's response, and whether it is accepted.
async fn proves(dialect: Provider, upstream_of: Provider, settings: &str, cases: &[(Response, bool)]) {
    let fake = Fake::start(upstream_of).await;
    let config = upstream("new", upstream_of, &fake.base_url(), "") + &route("main", dialect, "new", settings);
    let gateway = Gateway::start(&config).await;
    for (answer, is_signed_in) in cases {
        fake.answers("login.finish", answer.clone());
        let begun = dialect.begun(&gateway.ask(&begin(dialect)).await);
        let response = gateway.ask(&finish(dialect, &begun)).await;
        if *is_signed_in {
            check_response(dialect, "login.finish", &response);
            continue;
        }
        check_fault(dialect, &response);
        assert_eq!(gateway.refusal_of(&response).await.fault, "assertion_rejected", "{answer:?}");
        assert!(!response.text().contains("token"), "{response:?}");
    }
}

/// Cloudreve's answer for a user of this id and address.
fn cloudreve(id: &str, email: Option<&str>) -> Response {
    let email = email.map(|email| format!(r#""email":"{email}","#)).unwrap_or_default();
    let documented = Response::fixture(Apifox, "login.finish.response");
    documented
        .replacing(r#""email":"user@example.com","#, &email)
        .replacing(r#""id":"bnUn""#, &format!(r#""id":"{id}""#))
}

/// Auth0's answer with an id token of these claims, or without one.
fn auth0(claims: Option<&str>) -> Response {
    let token = claims.map(|claims| {
        let [header, claims] = [r#"{"alg":"RS256"}"#, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        format!(r#""id_token":"{header}.{claims}.c2ln","#)
    });
    let content = format!(
        r#"{{"access_token":"a-token",{}"token_type":"Bearer","expires_in":86400}}"#,
        token.unwrap_or_default()
    );
    Response::json(200, &content)
}

#[tokio::test]
async fn email_from_begin_must_match_cloudreves_user() {
    let cases = [
        (cloudreve("bnUn", Some("user@example.com")), SIGNED_IN),
        (cloudreve("bnUn", Some("other@example.com")), REFUSED),
        (cloudreve("user@example.com", None), REFUSED),
    ];
    proves(Quiva, Apifox, "", &cases).await;
}

#[tokio::test]
async fn email_from_begin_must_match_the_id_token() {
    let cases = [
        (auth0(Some(r#"{"sub":"auth0|1","email":"user@example.com"}"#)), SIGNED_IN),
        (auth0(Some(r#"{"sub":"auth0|1","email":"other@example.com"}"#)), REFUSED),
        (auth0(Some(r#"{"sub":"auth0|1"}"#)), REFUSED),
        (auth0(Some(r#"{"email":""}"#)), REFUSED),
        (auth0(None), REFUSED),
    ];
    proves(Quiva, Auth0, "", &cases).await;
}

#[tokio::test]
async fn user_id_from_begin_must_match_the_response() {
    let user = "user_24wFP9pDa9YiMJLun94iKykoZs2";
    let relaxed = "relax = [\"allow_credentials\"]";
    let cases = [
        (auth0(Some(&format!(r#"{{"sub":"{user}"}}"#))), SIGNED_IN),
        (auth0(Some(r#"{"sub":"auth0|1"}"#)), REFUSED),
        (auth0(None), REFUSED),
    ];
    proves(Streambird, Auth0, relaxed, &cases).await;
    let cases = [(cloudreve(user, Some("any@example.com")), SIGNED_IN), (cloudreve("bnUn", None), REFUSED)];
    proves(Streambird, Apifox, relaxed, &cases).await;
}

#[tokio::test]
async fn bearers_user_must_match_the_response() {
    let cases = [
        (cloudreve("bnUn", Some("caller@example.com")), SIGNED_IN),
        (cloudreve("user_who_calls", None), SIGNED_IN),
        (cloudreve("bnUn", Some("other@example.com")), REFUSED),
        (cloudreve("bnUn", None), REFUSED),
    ];
    proves(Flashback, Apifox, "", &cases).await;
    let cases = [
        (auth0(Some(r#"{"sub":"auth0|1","email":"caller@example.com"}"#)), SIGNED_IN),
        (auth0(Some(r#"{"sub":"auth0|1"}"#)), REFUSED),
        (auth0(None), REFUSED),
    ];
    proves(Flashback, Auth0, "", &cases).await;
}

#[tokio::test]
async fn sign_in_of_another_user_is_refused() {
    let expected = Response::fixture(Streambird, "login.finish.response");
    let other = expected.clone().replacing("user_24wFP9pDa9YiMJLun94iKykoZs2", "user_of_another_account");
    proves(Streambird, Streambird, "", &[(expected, SIGNED_IN), (other, REFUSED)]).await;
}

#[tokio::test]
async fn unproved_subject_is_accepted_where_relaxed() {
    let relaxed = "relax = [\"subject\", \"allow_credentials\"]";
    let cases = [(auth0(None), SIGNED_IN), (auth0(Some(r#"{"sub":"auth0|1"}"#)), SIGNED_IN)];
    proves(Streambird, Auth0, relaxed, &cases).await;
}

#[tokio::test]
async fn ceremony_is_finished_only_by_the_user_who_began_it() {
    let fake = Fake::start(Quiva).await;
    let config = upstream("new", Quiva, &fake.base_url(), "") + &route("main", Flashback, "new", "");
    let gateway = Gateway::start(&config).await;
    let begun = Flashback.begun(&gateway.ask(&begin(Flashback)).await);
    let other = signed_token(JWT_KEY, "user_who_waits", 4_102_444_800);
    let foreign = finish(Flashback, &begun).with_field("authorization", &format!("Bearer {other}"));
    let (answer, refused) = gateway.refused(&foreign).await;
    check_fault(Flashback, &answer);
    assert_eq!((refused.level.as_str(), refused.fault.as_str()), ("INFO", "assertion_rejected"));
    assert_eq!(fake.requests("login.finish").len(), 0);
}
