//! `passbridge keys rotate` while the gateway runs.

use serde_json::Value;

use crate::program::run;
use kit::config::{EMBEDDED, ENVIRONMENT, route_verified_by_upstream};
use kit::gateway::Gateway;
use kit::message::Request;
use kit::provider::Provider::{Auth0, Flashback};

/// A token for the demo user, which the banner offers.
fn demo_token(gateway: &Gateway) -> &str {
    let command = gateway.banner.iter().find(|line| line.contains("Bearer ")).unwrap();
    command.split("Bearer ").nth(1).unwrap().split('\'').next().unwrap()
}

fn key_of(token: &str) -> String {
    let header = Auth0.read(token.split('.').next().unwrap());
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

async fn keys(gateway: &Gateway) -> Vec<String> {
    let answer = gateway.ask(&Request::new("GET", "/.well-known/jwks.json")).await;
    let keys = answer.content_json()["keys"].as_array().unwrap().clone();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn old_tokens_verify_after_key_rotation() {
    let tables = EMBEDDED.to_owned() + &route_verified_by_upstream("main", Flashback, "own", "");
    let gateway = Gateway::start(&tables).await;
    let token = demo_token(&gateway);
    let begin = Request::fixture(Flashback, "login.begin").with_field("authorization", &format!("Bearer {token}"));
    assert_eq!(gateway.ask(&begin).await.status, 200);
    assert_eq!(keys(&gateway).await, [key_of(token)]);

    let ran = run(gateway.folder(), &["keys", "rotate"], ENVIRONMENT, "");
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    let new = ran.stderr.trim_end().strip_prefix("new signing key ").unwrap();
    assert_ne!(new, key_of(token));

    assert_eq!(keys(&gateway).await, [new.to_owned(), key_of(token)], "the running gateway has both");
    assert_eq!(gateway.ask(&begin).await.status, 200, "the old token is still good");

    let restarted = run(gateway.folder(), &["users", "export", "-"], ENVIRONMENT, "");
    assert_eq!(restarted.code, 0, "the directory is whole");
}
