//! Callers of the sixth provider before the embedded relying party, with a real passkey.

use serde_json::{Value, json};

use crate::sixth_provider::kelpie::{self, check};
use kit::config::{EMBEDDED, route_verified_by_upstream};
use kit::device::Device;
use kit::gateway::Gateway;
use kit::message::{Request, Response};
use kit::provider::{Begun, Provider};
use kit::signup::signs_up;

/// The sixth provider's dialect, and the one dialect with signup.
async fn start() -> Gateway {
    let tables = kelpie::providers()
        + EMBEDDED
        + &kelpie::route("kelpie", "own", "\"upstream\"", "")
        + &route_verified_by_upstream("auth0", Provider::Auth0, "own", "");
    Gateway::start(&tables).await
}

fn begin(email: &str) -> Request {
    let request = kelpie::begin();
    let target = request.target.replace("user%40example.com", &email.replace('@', "%40"));
    Request { target: target.replace("kelpie.example", "localhost"), ..request }
}

fn with_token(request: Request, token: &str) -> Request {
    request.with_field("authorization", &format!("Kelpie {token}"))
}

/// The options of an answer: JSON in a string.
fn options(answer: &Response) -> Value {
    serde_json::from_str(answer.content_json()["options"].as_str().unwrap()).unwrap()
}

async fn logs_in(gateway: &Gateway, device: &mut Device) -> Response {
    let answer = gateway.ask(&begin("ada@example.com")).await;
    check("login.begin.response", &answer);
    let begun = kelpie::begun(&answer);
    let credential = device.get(&begun.challenge).await;
    let request = kelpie::finish_with(&begun, &credential);
    let answer = gateway.ask(&request).await;
    check("login.finish.response", &answer);

    let again = gateway.ask(&request).await;
    check("fault", &again);
    assert_eq!(again.content_json()["status"], 4100);
    answer
}

#[tokio::test]
async fn user_signs_in_and_manages_passkeys() {
    let gateway = start().await;
    let mut device = Device::default();
    signs_up(&gateway, &mut device, "ada@example.com").await;
    let answer = logs_in(&gateway, &mut device).await.content_json();
    assert_eq!(answer.pointer("/payload/user/mail").unwrap(), "ada@example.com");
    let token = answer.pointer("/payload/grant/bearer").unwrap().as_str().unwrap().to_owned();

    let answer = gateway.ask(&with_token(kelpie::request("registration.begin"), &token)).await;
    check("registration.begin.response", &answer);
    let begun: Begun = kelpie::begun(&answer);
    assert_eq!(options(&answer)["excludeCredentials"].as_array().unwrap().len(), 1, "the passkey that is there");
    let handle = options(&answer)["user"]["id"].as_str().unwrap().to_owned();
    let credential = Device::default().create(&begun.challenge, &Provider::Quiva.read(&handle)).await;
    let mut proof = kelpie::proof(&credential);
    proof["parts"] = json!({
        "client": credential["response"]["clientDataJSON"],
        "attested": credential["response"]["attestationObject"],
    });
    let finish = kelpie::request("registration.finish").with_json(&json!({ "proof": proof, "label": "A second one" }));
    let finish = finish.with_field("x-kelpie-ceremony", begun.session.as_deref().unwrap());
    let answer = gateway.ask(&with_token(finish, &token)).await;
    check("registration.finish.response", &answer);
    let number = answer.content_json()["payload"]["passkey"]["number"].as_str().unwrap().to_owned();

    assert_eq!(labels(&gateway, &token).await.len(), 2);
    let delete = Request::new("DELETE", &format!("/v3/me/passkeys/no-{number}"));
    let answer = gateway.ask(&with_token(delete.clone(), &token)).await;
    check("credentials.delete.response", &answer);
    assert!(!labels(&gateway, &token).await.contains(&json!("A second one")));
}

/// The names of the user's passkeys.
async fn labels(gateway: &Gateway, token: &str) -> Vec<Value> {
    let answer = gateway.ask(&with_token(kelpie::request("credentials.list"), token)).await;
    check("credentials.list.response", &answer);
    let content = answer.content_json();
    content["payload"]["passkeys"].as_array().unwrap().iter().map(|passkey| passkey["label"].clone()).collect()
}
