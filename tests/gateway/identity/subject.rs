//! The user who finishes must be the mapped user, whether the upstream received the user or only returns it.

use rusqlite::Connection;
use serde_json::json;

use crate::identity::rig::{ADA, ADA_HERE, ADA_THERE, FILE, auth0, serve, sign_in};
use kit::config::{CALLING_USER, EMBEDDED, caller_token, route, upstream};
use kit::contract::{check_fault, check_response};
use kit::fake::Fake;
use kit::gateway::{Config, Gateway};
use kit::message::{Request, Response};
use kit::passkey::{begin, finish};
use kit::provider::Provider::{Auth0, Flashback, Quiva, Streambird};

#[tokio::test]
async fn sign_in_of_an_unmapped_user_is_refused() {
    let fake = Fake::start(Streambird).await;
    let gateway = serve(&fake, FILE, ADA).await;
    check_response(Quiva, "login.finish", &sign_in(&gateway).await);
    let other = Response::fixture(Streambird, "login.finish.response").replacing(ADA_THERE, "user_of_somebody_else");
    fake.answers("login.finish", other);
    let answer = sign_in(&gateway).await;
    check_fault(Quiva, &answer);
    assert_eq!(gateway.refusal_of(&answer).await.fault, "assertion_rejected");
    assert!(!answer.text().contains("token"), "{answer:?}");
}

#[tokio::test]
async fn response_user_must_match_the_mapped_user() {
    let fake = Fake::start(Auth0).await;
    let map = "[identity.users]\nfile = \"users.csv\"\ncaller = { \"user.id\" = \"old\" }\n\
               upstream = { \"user.id\" = \"new\" }\n";
    let there = upstream("new", Auth0, &fake.base_url(), "identity = \"users\"");
    let users = format!("old,new\n{ADA_THERE},auth0|ada\nbob,auth0|bob\n");
    // A config that accepts a response without a user still refuses one with another user.
    for (relax, may_omit_user) in [("\"allow_credentials\"", false), ("\"allow_credentials\", \"subject\"", true)] {
        let tables = format!("{map}{there}{}", route("main", Streambird, "new", &format!("relax = [{relax}]")));
        let gateway = Gateway::start_of(Config::write(&tables).with_file("users.csv", &users)).await;
        // The caller's own id is unknown at the upstream.
        for (subject, is_signed_in) in
            [("auth0|ada", true), ("auth0|bob", false), (ADA_THERE, false), ("auth0|eve", false), ("", may_omit_user)]
        {
            fake.answers("login.finish", auth0(&json!({ "sub": subject })));
            let begun = Streambird.begun(&gateway.ask(&begin(Streambird)).await);
            let answer = gateway.ask(&finish(Streambird, &begun)).await;
            if is_signed_in {
                check_response(Streambird, "login.finish", &answer);
                assert_eq!(answer.content_json()["user_id"], ADA_THERE, "the caller's own name");
                continue;
            }
            check_fault(Streambird, &answer);
            assert_eq!(gateway.refusal_of(&answer).await.fault, "assertion_rejected", "{relax}: {subject}");
        }
    }
}

#[tokio::test]
async fn bearers_user_is_mapped() {
    let fake = Fake::start(Streambird).await;
    let map = "[identity.users]\nfile = \"users.csv\"\ncaller = { \"user.id\" = \"old\", \"user.email\" = \"email\" }\n\
               upstream = { \"user.id\" = \"new\" }\n";
    let tables = format!("{map}{}", upstream("new", Streambird, &fake.base_url(), "identity = \"users\""));
    let users = format!("old,email,new\n{CALLING_USER},,{ADA_THERE}\n");
    let config = |route: &str| Config::write(&(tables.clone() + route)).with_file("users.csv", &users);

    let flashback = route("main", Flashback, "new", "set.rp_id = \"localhost\"");
    let gateway = Gateway::start_of(config(&flashback)).await;
    let begun = Flashback.begun(&gateway.ask(&begin(Flashback)).await);
    check_response(Flashback, "login.finish", &gateway.ask(&finish(Flashback, &begun)).await);
    assert_eq!(fake.only("login.begin").json()["user_id"], ADA_THERE);

    let quiva = route("main", Quiva, "new", "set.rp_id = \"localhost\"");
    let gateway = Gateway::start_of(config(&quiva)).await;
    let registration = Request::fixture(Quiva, "registration.begin");
    let bearer = format!("Bearer {}", caller_token());
    let answer = gateway.ask(&registration.with_field("authorization", &bearer)).await;
    check_response(Quiva, "registration.begin", &answer);
    assert_eq!(fake.only("registration.begin").json()["user_id"], ADA_THERE);
}

/// Maps addresses to the upstream's ids, and those ids back to ids and addresses.
const BOTH_WAYS: &str = "[identity.users]\nsqlite = \"users.db\"\n\
                         query = \"SELECT new_id FROM users WHERE email = {user.email}\"\n\
                         reverse = \"SELECT old_id, email FROM names WHERE new_id = {user.id}\"\n\
                         caller = { \"user.email\" = \"email\", \"user.id\" = \"old_id\" }\n\
                         upstream = { \"user.id\" = \"new_id\" }\ncache = { seconds = 0 }\n";

#[tokio::test]
async fn inconsistent_map_refuses_the_sign_in() {
    let fake = Fake::start(Streambird).await;
    let there = upstream("new", Streambird, &fake.base_url(), "identity = \"users\"");
    // The issuer's token names the caller's id, which only the reverse query returns.
    let settings = "issuer = \"own\"\nset.rp_id = \"localhost\"";
    let config = Config::write(&format!("{BOTH_WAYS}{EMBEDDED}{there}{}", route("main", Quiva, "new", settings)));
    let database = Connection::open(config.folder().join("users.db")).unwrap();
    let rows = format!(
        "CREATE TABLE users (email, new_id); INSERT INTO users VALUES ('{ADA_HERE}', '{ADA_THERE}');
         CREATE TABLE names (new_id, old_id, email); INSERT INTO names VALUES ('{ADA_THERE}', 'ada', '{ADA_HERE}')"
    );
    database.execute_batch(&rows).unwrap();
    let gateway = Gateway::start_of(config).await;
    let answer = sign_in(&gateway).await;
    check_response(Quiva, "login.finish", &answer);
    let token = answer.content_json()["data"]["auth_token"].as_str().unwrap().to_owned();
    let claims = String::from_utf8(Quiva.read(token.split('.').nth(1).unwrap())).unwrap();
    assert!(claims.contains("\"sub\":\"ada\""), "{claims}");

    let begun = Quiva.begun(&gateway.ask(&begin(Quiva)).await);
    database.execute("UPDATE names SET old_id = 'bob', email = 'bob@example.com'", []).unwrap();
    for request in [finish(Quiva, &begun), begin(Quiva)] {
        let (answer, refused) = gateway.refused(&request).await;
        check_fault(Quiva, &answer);
        assert_eq!(refused.fault, "assertion_rejected");
        assert_eq!(refused.reason, "the two directions of the identity map contradict each other");
    }
}
