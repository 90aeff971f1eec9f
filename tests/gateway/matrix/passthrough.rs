//! Requests that match no operation pass through unchanged, also on the path of an operation.

use crate::matrix::pairs::Pair;
use kit::config::{CALLERS, route, upstream};
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::message::{Request, Response};
use kit::passkey::{assertion, begin, finish, finish_with};
use kit::provider::Provider::{Apifox, Auth0, Flashback, Quiva};
use kit::rogue::Rogue;

const ANSWER: &[u8] = b"HTTP/1.1 207 Whatever\r\ncontent-type: text/x-odd\r\nx-theirs: yes\r\nset-cookie: a=b\r\n\
    set-cookie: c=d\r\nconnection: close\r\ncontent-length: 11\r\n\r\n{ \xff\x00 \"a\" :1";

/// A route of `dialect` before `upstream`, and a passthrough target.
async fn start(pair: Pair, more: &str) -> (Fake, Rogue, Gateway) {
    let fake = Fake::start(pair.upstream).await;
    let old = Rogue::sending(ANSWER).await;
    let passthrough = format!("[passthrough]\n\"old.example\" = \"{}\"\n", old.base_url());
    let gateway = Gateway::start(&(pair.config(&fake.base_url(), "") + more + &passthrough)).await;
    (fake, old, gateway)
}

fn to_old(request: Request) -> Request {
    request.with_field("host", "old.example")
}

/// Asserts that the request arrived at the old provider unchanged, and that the response came back unchanged.
#[track_caller]
fn check_passed(request: &Request, arrived: &str, answer: &Response) {
    assert!(arrived.starts_with(&format!("{} {} HTTP/1.1\r\n", request.method, request.target)), "{arrived}");
    assert!(arrived.ends_with(&format!("\r\n\r\n{}", String::from_utf8_lossy(&request.content))), "{arrived}");
    for (name, value) in request.fields.iter().filter(|(name, _)| name != "host") {
        assert!(arrived.contains(&format!("\r\n{name}: {value}\r\n")), "{name} in {arrived}");
    }
    assert_eq!((answer.status, answer.content.as_slice()), (207, &b"{ \xff\x00 \"a\" :1"[..]));
    assert_eq!(answer.field("x-theirs"), Some("yes"));
    let cookies: Vec<_> = answer.fields.iter().filter(|(name, _)| name == "set-cookie").collect();
    assert_eq!(cookies.len(), 2);
}

#[tokio::test]
async fn other_grant_type_passes_through_unchanged() {
    let (fake, old, gateway) = start(Pair { dialect: Auth0, upstream: Quiva }, "").await;
    let form = Request::new("POST", "/oauth/token?x=%2f%20y")
        .with_content("grant_type=refresh_token&refresh_token=old-one&client_id=a%20b")
        .with_field("content-type", "application/x-www-form-urlencoded");
    let json = Request::new("POST", "/oauth/token")
        .with_content("{ \"grant_type\":\"refresh_token\" ,\n\"refresh_token\":\"\\u0061\", \"grant\":1 }")
        .with_field("content-type", "application/json")
        .with_field("authorization", "Basic YTpi");
    let others = [
        form,
        json,
        Request::new("GET", "/authorize?response_type=code&state=%7B%22a%22%3A1%7D"),
        Request::new("DELETE", "/passkey/challenge"),
        Request::new("POST", "/dbconnections/signup").with_content(vec![b'x'; 300_000]),
    ];
    for (index, request) in others.into_iter().map(to_old).enumerate() {
        let answer = gateway.ask(&request).await;
        old.wait_for(index + 1).await;
        check_passed(&request, &old.requests()[index], &answer);
    }
    let begun = Auth0.begun(&gateway.ask(&to_old(begin(Auth0))).await);
    let answer = gateway.ask(&to_old(finish(Auth0, &begun))).await;
    assert_eq!(answer.status, 200, "the passkey grant is the route's: {answer:?}");
    assert_eq!((fake.requests("login.finish").len(), old.requests().len()), (1, 5));
}

#[tokio::test]
async fn other_mfa_factor_passes_through_unchanged() {
    let (fake, old, gateway) = start(Pair { dialect: Flashback, upstream: Quiva }, "").await;
    let totp = Request::new("POST", "/mfa/verify-login")
        .with_content("{\"mfaType\":\"GOOGLE_AUTH\",\"code\":\"123456\"}")
        .with_field("content-type", "application/json")
        .with_field("authorization", &format!("Bearer {}", CALLERS.user_token));
    let setup = Request::new("POST", "/mfa/setup")
        .with_content("{\"mfaType\":\"MAGIC_LINK\",\"email\":\"a@example.com\"}")
        .with_field("content-type", "application/json");
    for (index, request) in [totp, setup].into_iter().map(to_old).enumerate() {
        let answer = gateway.ask(&request).await;
        check_passed(&request, &old.requests()[index], &answer);
    }
    let passkey = to_old(finish_with(Flashback, &assertion(b"unknown"), None));
    let answer = gateway.ask(&passkey).await;
    assert_eq!(gateway.refusal_of(&answer).await.fault, "challenge_expired", "a passkey does not pass");
    assert_eq!((fake.requests("login.finish").len(), old.requests().len()), (0, 2));
}

#[tokio::test]
async fn malformed_operation_is_not_passed_through() {
    let (_fake, old, gateway) = start(Pair { dialect: Auth0, upstream: Quiva }, "").await;
    let good = String::from_utf8(finish_with(Auth0, &assertion(b"x"), Some("s")).content).unwrap();
    let broken = finish_with(Auth0, &assertion(b"x"), Some("s")).with_content(good.replace("signature", "signatur"));
    let answer = gateway.ask(&to_old(broken)).await;
    assert_eq!(gateway.refusal_of(&answer).await.fault, "invalid_request");
    assert_eq!(old.requests().len(), 0, "a malformed passkey response is not sent to the old provider");
}

#[tokio::test]
async fn unknown_ceremony_passes_to_the_old_provider() {
    let fake = Fake::start(Apifox).await;
    let old = Rogue::sending(ANSWER).await;
    let tables = upstream("new", Apifox, &fake.base_url(), "")
        + &route("main", Quiva, "new", "unknown_ceremonies = \"pass\"")
        + &format!("[passthrough]\n\"*\" = \"{}\"\n", old.base_url());
    let gateway = Gateway::start(&tables).await;
    let unseen = finish_with(Quiva, &assertion(b"begun at the old provider"), None);
    let answer = gateway.ask(&unseen).await;
    check_passed(&unseen, &old.requests()[0], &answer);
    let begun = Quiva.begun(&gateway.ask(&begin(Quiva)).await);
    assert_eq!(gateway.ask(&finish(Quiva, &begun)).await.status, 200);
    assert_eq!((fake.requests("login.finish").len(), old.requests().len()), (1, 1));
}

#[tokio::test]
async fn unlisted_host_is_not_found() {
    let (_fake, old, gateway) = start(Pair { dialect: Auth0, upstream: Quiva }, "").await;
    for host in ["other.example", "old.example.evil.example", "127.0.0.1"] {
        let answer = gateway.ask(&Request::new("GET", "/authorize").with_field("host", host)).await;
        assert_eq!(answer.status, 404, "{host}");
    }
    let form = Request::new("POST", "/oauth/token").with_content("a=b").with_field("content-type", "text/plain");
    let answer = gateway.ask(&form).await;
    assert_eq!(gateway.refusal_of(&answer).await.fault, "unsupported_media_type");
    assert_eq!(old.requests().len(), 0);
}
