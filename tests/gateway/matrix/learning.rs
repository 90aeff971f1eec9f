//! A passkey that was observed in two sign-ins at a provider signs in at the embedded relying party.

use serde_json::{Value, json};

use crate::matrix::embedded;
use kit::caller::Caller;
use kit::config::{EMBEDDED, route, route_verified_by_upstream, upstream};
use kit::contract::check_response;
use kit::device::Device;
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::message::{Request, Response};
use kit::passkey::{begin, finish_with};
use kit::provider::Provider::{Quiva, Streambird};

/// The user of Streambird's documents.
const USER: &str = "user_24wFP9pDa9YiMJLun94iKykoZs2";
const HANDLE: &[u8] = b"a handle of the old provider";

/// A Streambird route with key learning.
async fn watched(by: &str) -> (Fake, Gateway) {
    let fake = Fake::start(Streambird).await;
    let tables = EMBEDDED.to_owned()
        + &upstream("old", Streambird, &fake.base_url(), "")
        + &route("main", Streambird, "old", &format!("{by} = \"own\"\n"));
    (fake, Gateway::start(&tables).await)
}

/// The same route before the embedded relying party.
fn moved() -> String {
    EMBEDDED.to_owned() + &route_verified_by_upstream("main", Streambird, "own", "")
}

/// Signs in with the device; each challenge is different.
async fn signs_in(gateway: &Gateway, fake: &Fake, device: &mut Device, number: u8) -> Response {
    fake.answers("login.begin", Streambird.options_with(&[number; 32]));
    let begun = Streambird.begun(&gateway.ask(&begin(Streambird)).await);
    let credential = device.get(&begun.challenge).await;
    gateway.ask(&finish_with(Streambird, &credential, None)).await
}

async fn device() -> Device {
    let mut device = Device::default();
    device.create(b"made elsewhere", HANDLE).await;
    device
}

/// The readiness of `own` on the admin listener.
async fn readiness(gateway: &Gateway) -> Value {
    let answer = Caller::of(gateway.admin).ask(&Request::new("GET", "/readiness")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.field("content-type"), Some("application/json"));
    assert!(!answer.text().contains(USER), "counts without user names");
    answer.content_json()["own"].clone()
}

/// A begin and a finish at the embedded relying party.
async fn signs_in_there(gateway: &Gateway, device: &mut Device) -> (Response, Option<Response>) {
    let begun = gateway.ask(&embedded::begin(Streambird, USER, "", "")).await;
    if begun.status != 200 {
        return (begun, None);
    }
    let credential = device.get(&Streambird.begun(&begun).challenge).await;
    let finished = gateway.ask(&finish_with(Streambird, &credential, None)).await;
    (begun, Some(finished))
}

#[tokio::test]
async fn key_is_learned_after_two_sign_ins() {
    let (fake, gateway) = watched("learn_keys").await;
    let mut device = device().await;
    assert_eq!(readiness(&gateway).await["active_users"]["total"], 0);
    for (number, kind) in [(1, "one_short"), (2, "proven"), (3, "proven")] {
        let answer = signs_in(&gateway, &fake, &mut device, number).await;
        check_response(Streambird, "login.finish", &answer);
        assert_eq!(answer.content_json()["user_id"], USER);
        let said = readiness(&gateway).await;
        assert_eq!((&said["active_users"]["total"], &said["active_users"][kind]), (&json!(1), &json!(1)), "{said}");
    }
    gateway.reload(&moved()).await;
    let (begun, finished) = signs_in_there(&gateway, &mut device).await;
    check_response(Streambird, "login.begin", &begun);
    let finished = finished.unwrap();
    check_response(Streambird, "login.finish", &finished);
    assert_eq!(finished.content_json()["user_id"], USER);
    let said = readiness(&gateway).await;
    assert_eq!((&said["sign_ins"]["proven"], &said["sign_ins"]["share"]), (&json!(4), &json!(1.0)), "{said}");

    let report = gateway.run(&["readiness"]);
    assert!(report.contains("could sign in here   100.00 %  100.00 %"), "{report}");
    let json: Value = serde_json::from_str(&gateway.run(&["readiness", "--json"])).unwrap();
    assert_eq!(json["own"], said);
}

#[tokio::test]
async fn refused_sign_in_is_not_learned_from() {
    let (fake, gateway) = watched("learn_keys").await;
    let mut device = device().await;
    let documented = Response::fixture(Streambird, "login.finish.response");
    for (number, answer) in [
        (1, Response::fixture(Streambird, "400_invalid_request.fault")),
        (2, Response::fixture(Streambird, "500_internal_error.fault")),
        (3, Response::json(200, "{}")),
        // Another user than the one of the request.
        (4, documented.replacing(USER, "user_another000000000000000000")),
    ] {
        fake.answers("login.finish", answer);
        assert_ne!(signs_in(&gateway, &fake, &mut device, number).await.status, 200);
    }
    assert_eq!(readiness(&gateway).await["days"], json!([]));
    gateway.reload(&moved()).await;
    let (refused, _) = signs_in_there(&gateway, &mut device).await;
    assert_eq!(gateway.refusal_of(&refused).await.fault, "unknown_user");
}

#[tokio::test]
async fn verify_mode_learns_no_keys() {
    let (fake, gateway) = watched("verify_against").await;
    let mut device = device().await;
    for number in [1, 2, 3] {
        assert_eq!(signs_in(&gateway, &fake, &mut device, number).await.status, 200);
    }
    let said = readiness(&gateway).await;
    assert_eq!(said["active_users"]["total"], 0);
    assert_eq!(said["days"][0]["sign_ins"]["unseen"], 3);
    gateway.reload(&moved()).await;
    let (refused, _) = signs_in_there(&gateway, &mut device).await;
    assert_eq!(gateway.refusal_of(&refused).await.fault, "unknown_user");
}

#[tokio::test]
async fn deleted_passkey_is_no_longer_learned() {
    let (fake, gateway) = watched("learn_keys").await;
    let mut device = device().await;
    for number in [1, 2] {
        assert_eq!(signs_in(&gateway, &fake, &mut device, number).await.status, 200);
    }
    let other = Request::fixture(Streambird, "credentials.delete");
    let name = "webauthn_fake0000000000000000000";
    let delete = Request { target: format!("/v1/auth/users/webauthn_credentials/{name}/delete"), ..other };
    let answer = gateway.ask(&delete).await;
    check_response(Streambird, "credentials.delete", &answer);
    assert_eq!(readiness(&gateway).await["active_users"]["total"], 0);
    gateway.reload(&moved()).await;
    let (refused, _) = signs_in_there(&gateway, &mut device).await;
    assert_eq!(gateway.refusal_of(&refused).await.fault, "unknown_user");
}

#[tokio::test]
async fn unproved_user_name_is_not_learned() {
    // All callers are the same user at the provider, so a sign-in proves none of them.
    let fake = Fake::start(Quiva).await;
    let settings = concat!(
        "learn_keys = \"own\"\nrelax = [\"allow_credentials\", \"subject\", \"one_user\"]\n",
        "set.user.email = \"team@example.com\"\nfill.credential.handle = \"{user.id}\"\n"
    );
    let tables = EMBEDDED.to_owned()
        + &upstream("old", Quiva, &fake.base_url(), "")
        + &route("main", Streambird, "old", settings);
    let gateway = Gateway::start(&tables).await;
    let mut device = device().await;
    for number in [1_u8, 2] {
        fake.answers("login.begin", Quiva.options_with(&[number; 32]));
        let begun = Streambird.begun(&gateway.ask(&begin(Streambird)).await);
        let credential = device.get(&begun.challenge).await;
        assert_eq!(gateway.ask(&finish_with(Streambird, &credential, None)).await.status, 200);
    }
    let said = readiness(&gateway).await;
    assert_eq!((&said["active_users"]["total"], &said["days"][0]["ignored"]), (&json!(0), &json!(2)), "{said}");
}
