//! Whoever finishes must be the user the map names, whether the upstream could be told or only answers.

use serde_json::json;

use crate::rig::{ADA, ADA_THERE, FILE, auth0, serve, sign_in};
use crate::support::config::{CALLING_USER, caller_token, route, upstream};
use crate::support::contract::{check_fault, check_response};
use crate::support::fake::Fake;
use crate::support::gateway::{Config, Gateway};
use crate::support::message::{Request, Response};
use crate::support::passkey::{begin, finish};
use crate::support::provider::Provider::{Auth0, Flashback, Quiva, Streambird};

#[tokio::test]
async fn an_upstream_that_signs_in_another_than_the_map_names_is_not_believed() {
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
async fn an_upstream_that_cannot_be_told_must_answer_with_the_mapped_user() {
    let fake = Fake::start(Auth0).await;
    let map = "[identity.users]\nfile = \"users.csv\"\ncaller = { \"user.id\" = \"old\" }\n\
               upstream = { \"user.id\" = \"new\" }\n";
    let there = upstream("new", Auth0, &fake.base_url(), "identity = \"users\"");
    let users = format!("old,new\n{ADA_THERE},auth0|ada\nbob,auth0|bob\n");
    // Where the config takes an answer that names nobody, it still takes none that names another.
    for (relax, nobody_will_do) in [("\"allow_credentials\"", false), ("\"allow_credentials\", \"subject\"", true)] {
        let tables = format!("{map}{there}{}", route("main", Streambird, "new", &format!("relax = [{relax}]")));
        let gateway = Gateway::start_of(Config::write(&tables).beside("users.csv", &users)).await;
        // The caller's own id is nobody at the upstream.
        for (subject, is_signed_in) in
            [("auth0|ada", true), ("auth0|bob", false), (ADA_THERE, false), ("auth0|eve", false), ("", nobody_will_do)]
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
async fn the_user_of_a_verified_bearer_goes_through_the_map() {
    let fake = Fake::start(Streambird).await;
    let map = "[identity.users]\nfile = \"users.csv\"\ncaller = { \"user.id\" = \"old\", \"user.email\" = \"email\" }\n\
               upstream = { \"user.id\" = \"new\" }\n";
    let tables = format!("{map}{}", upstream("new", Streambird, &fake.base_url(), "identity = \"users\""));
    let users = format!("old,email,new\n{CALLING_USER},,{ADA_THERE}\n");
    let config = |route: &str| Config::write(&(tables.clone() + route)).beside("users.csv", &users);

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
