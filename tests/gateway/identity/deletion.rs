//! Passkeys are created and deleted only for the mapped user; the relying party's own token names its user
//! without the map.
//!
//! The upstream is the embedded relying party, so that every signature is verified.

use std::fs;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use kit::config::{CALLING_USER, EMBEDDED, JWT_KEY, caller_token, route, route_verified_by_upstream, signed_token};
use kit::contract::{check_fault, check_response};
use kit::device::Device;
use kit::gateway::{Config, Gateway};
use kit::message::{Request, Response};
use kit::provider::Provider::{Auth0, Quiva};
use kit::signup::signs_up;

const MAP: &str = "[identity.users]\nfile = \"users.csv\"\ncaller = { \"user.id\" = \"old\", \"user.email\" = \"email\" }\n\
                   upstream = { \"user.id\" = \"new\" }\n";
/// Ada and Bob in the directory. The directory's id of Bob is the callers' id of Ada.
const USERS: &str = "{\"id\":\"ada\",\"email\":\"ada@example.com\"}\n{\"id\":\"user_who_calls\"}\n";

fn token_of(user: &str) -> String {
    match user {
        CALLING_USER => caller_token(),
        user => signed_token(JWT_KEY, user, 4_102_444_800),
    }
}

async fn ask(gateway: &Gateway, request: Request, token: &str) -> Response {
    gateway.ask(&request.with_field("authorization", &format!("Bearer {token}"))).await
}

/// Registers a passkey for the user of a token.
async fn registers(gateway: &Gateway, token: &str) -> Value {
    let begun = ask(gateway, Request::fixture(Quiva, "registration.begin"), token).await;
    check_response(Quiva, "registration.begin", &begun);
    let content = begun.content_json();
    let handle = content.pointer("/data/user/id").unwrap().as_str().unwrap();
    let challenge = content.pointer("/data/challenge").unwrap().as_str().unwrap();
    let credential = Device::default().create(&Quiva.read(challenge), &Quiva.read(handle)).await;
    let finish = Request::fixture(Quiva, "registration.finish");
    let finished =
        ask(gateway, finish.with_json(&json!({ "credential": credential, "credential_alias": "Laptop" })), token).await;
    check_response(Quiva, "registration.finish", &finished);
    credential
}

fn deletion(credential: &Value) -> Request {
    let id = BASE64_URL_SAFE_NO_PAD.decode(credential["id"].as_str().unwrap()).unwrap();
    Request::fixture(Quiva, "credentials.delete").with_json(&json!({ "id": BASE64_STANDARD.encode(id) }))
}

/// How many passkeys the directory has of a user.
fn passkeys(gateway: &Gateway, user: &str) -> usize {
    let exported = gateway.run(&["users", "export", "-"]);
    let lines = exported.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found: Vec<_> = lines.filter(|line| line["id"] == user).collect();
    found[0]["credentials"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn deletion_uses_the_mapped_owner() {
    let own = EMBEDDED.replace("demo     = true", "identity = \"users\"");
    let tables = format!("{MAP}{own}{}", route("main", Quiva, "own", ""));
    let csv = format!("old,email,new\n{CALLING_USER},ada@old.example,ada\nbob,,{CALLING_USER}\n");
    let config = Config::write(&tables).with_file("users.csv", &csv).with_file("users.jsonl", USERS);
    let gateway = Gateway::start_of(config).await;
    gateway.run(&["users", "import", "users.jsonl"]);

    let credential = registers(&gateway, &token_of(CALLING_USER)).await;
    assert_eq!(
        (passkeys(&gateway, "ada"), passkeys(&gateway, CALLING_USER)),
        (1, 0),
        "the map's name, not the caller's"
    );
    for (user, fault) in [("bob", "not_found"), ("stranger", "unknown_user"), ("ada", "unknown_user")] {
        let refused = ask(&gateway, deletion(&credential), &token_of(user)).await;
        check_fault(Quiva, &refused);
        assert_eq!(gateway.refusal_of(&refused).await.fault, fault, "{user}");
    }
    assert_eq!(passkeys(&gateway, "ada"), 1);
    let deleted = ask(&gateway, deletion(&credential), &token_of(CALLING_USER)).await;
    check_response(Quiva, "credentials.delete", &deleted);
    assert_eq!(passkeys(&gateway, "ada"), 0);
}

#[tokio::test]
async fn own_token_bypasses_the_identity_map() {
    let gateway = Gateway::start(&(EMBEDDED.to_owned() + &route_verified_by_upstream("main", Auth0, "own", ""))).await;
    let signed_up = signs_up(&gateway, &mut Device::default(), "ada@example.com").await;
    let token = signed_up["access_token"].as_str().unwrap();
    let claims: Value = serde_json::from_slice(&Auth0.read(token.split('.').nth(1).unwrap())).unwrap();
    let ada = claims["sub"].as_str().unwrap();

    // The callers' name of the demo user.
    fs::write(gateway.folder().join("users.csv"), format!("old,email,new\n{ada},,user_demo\n")).unwrap();
    let own = EMBEDDED.replace("demo     = true", "demo     = true\nidentity = \"users\"");
    gateway.reload(&format!("{MAP}{own}{}", route_verified_by_upstream("main", Quiva, "own", ""))).await;
    let credential = registers(&gateway, token).await;
    assert_eq!((passkeys(&gateway, ada), passkeys(&gateway, "user_demo")), (2, 1), "each has one from before");
    check_response(Quiva, "credentials.delete", &ask(&gateway, deletion(&credential), token).await);
    assert_eq!(passkeys(&gateway, ada), 1);
}
