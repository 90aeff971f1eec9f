//! Key learning at an upstream with other user names uses the directory's own map, and skips unmapped users.
//! Every signature is real.

use serde_json::{Value, json};

use crate::identity::directory::Directory;
use crate::identity::rig::{ADA_HERE, ADA_THERE, begin_for};
use kit::caller::Caller;
use kit::config::{CALLING_USER, EMBEDDED, route, route_verified_by_upstream, upstream};
use kit::contract::check_response;
use kit::device::Device;
use kit::fake::Fake;
use kit::gateway::{Config, Gateway};
use kit::message::{Request, Response};
use kit::passkey::{begin, finish_with};
use kit::provider::Provider::{self, Flashback, Quiva, Streambird};
use kit::within;

/// `[identity.users]` from `users.csv`, by the callers' ids and addresses.
const MAP: &str = "[identity.users]\nfile = \"users.csv\"\ncaller = { \"user.id\" = \"old\", \"user.email\" = \"email\" }\n\
                   upstream = { \"user.id\" = \"new\" }\n";

/// A dialect before Streambird, where users have other names, with key learning.
fn watched(fake: &Fake, map: &str, dialect: Provider, own: &str) -> String {
    let learner = EMBEDDED.replace("demo     = true", own);
    let settings = match dialect {
        Streambird => "learn_keys = \"own\"",
        _ => "learn_keys = \"own\"\nset.rp_id = \"localhost\"",
    };
    let there = upstream("old", Streambird, &fake.base_url(), "identity = \"users\"");
    format!("{map}{learner}{there}{}", route("main", dialect, "old", settings))
}

async fn device() -> Device {
    let mut device = Device::default();
    device.create(b"made elsewhere", b"a handle of the old provider").await;
    device
}

/// Streambird's begin for a user of this id.
fn begin_of(id: &str) -> Request {
    begin(Streambird).with_json(&json!({ "domain": "localhost", "user_id": id }))
}

/// Signs in with the device; each challenge is different.
async fn signs_in(
    gateway: &Gateway,
    fake: &Fake,
    dialect: Provider,
    begin: &Request,
    device: &mut Device,
    number: u8,
) -> Response {
    fake.answers("login.begin", Streambird.options_with(&[number; 32]));
    let begun = gateway.ask(begin).await;
    assert_eq!(begun.status, 200, "{begun:?}");
    let credential = device.get(&dialect.begun(&begun).challenge).await;
    gateway.ask(&finish_with(dialect, &credential, None)).await
}

/// The readiness of `own` on the admin listener.
async fn readiness(gateway: &Gateway) -> Value {
    Caller::of(gateway.admin).ask(&Request::new("GET", "/readiness")).await.content_json()["own"].clone()
}

/// Waits until that many users have the state, because learning happens after the response.
async fn learned(gateway: &Gateway, kind: &str, users: u64) {
    within(async {
        while readiness(gateway).await["active_users"][kind] != users {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// A begin and a finish at the embedded relying party: the user who signed in, or the fault.
async fn signs_in_there(gateway: &Gateway, id: &str, device: &mut Device) -> Result<Value, String> {
    let begun = gateway.ask(&begin_of(id)).await;
    if begun.status != 200 {
        return Err(gateway.refusal_of(&begun).await.fault);
    }
    let credential = device.get(&Streambird.begun(&begun).challenge).await;
    let finished = gateway.ask(&finish_with(Streambird, &credential, None)).await;
    check_response(Streambird, "login.finish", &finished);
    Ok(finished.content_json()["user_id"].clone())
}

#[tokio::test]
async fn learning_without_a_map_uses_the_callers_user() {
    let fake = Fake::start(Streambird).await;
    let config = Config::write(&watched(&fake, MAP, Streambird, ""));
    let gateway = Gateway::start_of(config.with_file("users.csv", &format!("old,email,new\nada,,{ADA_THERE}\n"))).await;
    let mut device = device().await;
    for (number, kind) in [(1, "one_short"), (2, "proven")] {
        let answer = signs_in(&gateway, &fake, Streambird, &begin_of("ada"), &mut device, number).await;
        check_response(Streambird, "login.finish", &answer);
        assert_eq!(answer.content_json()["user_id"], "ada");
        learned(&gateway, kind, 1).await;
    }
    let moved = EMBEDDED.replace("demo     = true", "") + &route_verified_by_upstream("main", Streambird, "own", "");
    gateway.reload(&moved).await;
    assert_eq!(signs_in_there(&gateway, "ada", &mut device).await, Ok(json!("ada")));
    assert_eq!(signs_in_there(&gateway, ADA_THERE, &mut device).await, Err("unknown_user".to_owned()));
}

#[tokio::test]
async fn learning_uses_the_directorys_own_map() {
    let fake = Fake::start(Streambird).await;
    let own_map = MAP.replace("users]", "own_users]").replace("\"new\"", "\"own\"");
    let maps = format!("{MAP}{own_map}");
    let config = Config::write(&watched(&fake, &maps, Streambird, "identity = \"own_users\""));
    let users = format!("old,email,new,own\nada,,{ADA_THERE},own-7\n");
    let gateway = Gateway::start_of(config.with_file("users.csv", &users)).await;
    let mut device = device().await;
    for (number, kind) in [(1, "one_short"), (2, "proven")] {
        signs_in(&gateway, &fake, Streambird, &begin_of("ada"), &mut device, number).await;
        learned(&gateway, kind, 1).await;
    }
    let own = EMBEDDED.replace("demo     = true", "identity = \"own_users\"");
    gateway.reload(&format!("{own_map}{own}{}", route_verified_by_upstream("main", Streambird, "own", ""))).await;
    assert_eq!(signs_in_there(&gateway, "ada", &mut device).await, Ok(json!("ada")));
    // Without the map, the name under which it was learned is visible.
    let bare = EMBEDDED.replace("demo     = true", "") + &route_verified_by_upstream("main", Streambird, "own", "");
    gateway.reload(&bare).await;
    assert_eq!(signs_in_there(&gateway, "own-7", &mut device).await, Ok(json!("own-7")));
    for unknown in ["ada", ADA_THERE] {
        assert_eq!(signs_in_there(&gateway, unknown, &mut device).await, Err("unknown_user".to_owned()), "{unknown}");
    }
}

#[tokio::test]
async fn unmapped_user_is_not_learned() {
    // The bearer's id is not in the map. Only its address led to the user who signed in.
    let fake = Fake::start(Streambird).await;
    let config = Config::write(&watched(&fake, MAP, Flashback, ""));
    let unknown_id = format!("old,email,new\nsomebody,caller@example.com,{ADA_THERE}\n");
    let gateway = Gateway::start_of(config.with_file("users.csv", &unknown_id)).await;
    let mut device = device().await;
    for number in [1, 2, 3] {
        let answer = signs_in(&gateway, &fake, Flashback, &begin(Flashback), &mut device, number).await;
        check_response(Flashback, "login.finish", &answer);
    }
    std::fs::write(gateway.folder().join("users.csv"), unknown_id.replace("somebody", CALLING_USER)).unwrap();
    gateway.reload(&watched(&fake, MAP, Flashback, "")).await;
    signs_in(&gateway, &fake, Flashback, &begin(Flashback), &mut device, 4).await;
    learned(&gateway, "one_short", 1).await;
    let said = readiness(&gateway).await;
    assert_eq!(said["active_users"]["total"], 1, "earlier sign-ins were not learned: {said}");
}

#[tokio::test]
async fn failing_map_skips_learning_and_sign_in_succeeds() {
    let (fake, directory) = (Fake::start(Streambird).await, Directory::start().await);
    let known = format!("{{\"data\":{{\"id\":\"{ADA_THERE}\"}}}}");
    directory.answers(200, &known);
    let map = directory.map("cache = { seconds = 0 }");
    let gateway = Gateway::start(&watched(&fake, &map, Quiva, "")).await;
    let mut device = device().await;

    fake.answers("login.begin", Streambird.options_with(&[1; 32]));
    let begun = gateway.ask(&begin_for(ADA_HERE)).await;
    let credential = device.get(&Quiva.begun(&begun).challenge).await;
    directory.answers(500, "");
    let so_far = gateway.logs.count();
    let answer = gateway.ask(&finish_with(Quiva, &credential, None)).await;
    check_response(Quiva, "login.finish", &answer);
    let entry = gateway.logs.event_after(so_far, "sign-in not observed").await;
    assert!(!entry.to_string().contains(ADA_HERE), "{entry}");

    directory.answers(200, &known);
    for (number, kind) in [(2, "one_short"), (3, "proven")] {
        signs_in(&gateway, &fake, Quiva, &begin_for(ADA_HERE), &mut device, number).await;
        learned(&gateway, kind, 1).await;
    }
    let moved = EMBEDDED.replace("demo     = true", "") + &route_verified_by_upstream("main", Quiva, "own", "");
    gateway.reload(&moved).await;
    let begun = gateway.ask(&begin_for(ADA_HERE)).await;
    let credential = device.get(&Quiva.begun(&begun).challenge).await;
    check_response(Quiva, "login.finish", &gateway.ask(&finish_with(Quiva, &credential, None)).await);
}
