//! Callers of each of the five before the sixth.

use crate::sixth_provider::imitation::{self, Kelpie};
use crate::sixth_provider::kelpie;
use kit::config::{CALLERS, OURS, route};
use kit::contract::{check_fault, check_response};
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::passkey::{ID, begin, client_data, finish};
use kit::provider::Provider::{self, Apifox, Auth0, Flashback, Quiva, Streambird};

/// The route's settings for each dialect.
fn settings(dialect: Provider) -> &'static str {
    match dialect {
        Quiva | Flashback => "",
        Streambird => {
            "set.user.email = \"{user.id}@example.com\"\nfill.timeout = 60000\nrelax = [\"allow_credentials\"]"
        }
        Auth0 => "set.user.email = \"team@example.com\"\nfill.tokens = { type = \"Bearer\", expires_in = 3600 }",
        Apifox => concat!(
            "set.user.email = \"team@example.com\"\n",
            "fill.user = { name = \"The team\", created_at = 1704067200 }\n",
            "fill.tokens = { refresh = \"none\", expires_in = 3600, refresh_expires_in = 86400 }"
        ),
    }
}

async fn logs_in(dialect: Provider) {
    let imitation = Fake::start(Kelpie).await;
    let tables = kelpie::providers()
        + &imitation::upstream(&imitation, "client.key = \"env:OUR_KEY\"\naccount = \"acme\"")
        + &route("main", dialect, "new", settings(dialect));
    let gateway = Gateway::start(&tables).await;

    let answer = gateway.ask(&begin(dialect)).await;
    check_response(dialect, "login.begin", &answer);
    let begun = dialect.begun(&answer);
    assert_eq!(begun.challenge, kelpie::begun(&kelpie::response("login.begin.response")).challenge);
    let request = imitation.only("login.begin");
    assert!(request.target.starts_with("/v3/realms/acme/users/"), "{request:?}");
    assert_eq!(request.field("x-kelpie-key"), Some(OURS.key));

    let answer = gateway.ask(&finish(dialect, &begun)).await;
    check_response(dialect, "login.finish", &answer);
    // A Streambird caller that requests no session gets none.
    assert_eq!(answer.text().contains("fake-bearer"), dialect != Streambird, "{answer:?}");
    let request = imitation.only("login.finish");
    assert_eq!(request.field("x-kelpie-ceremony"), Some("ceremony_fake_0001"), "the upstream's own ceremony");
    let content = request.json();
    assert_eq!(content["proof"]["id"], ID);
    assert_eq!(content["proof"]["parts"]["client"], client_data(&begun.challenge));
    assert!(CALLERS.secrets().iter().all(|secret| !request.mentions(secret)), "{request:?}");

    let answer = gateway.ask(&finish(dialect, &begun)).await;
    check_fault(dialect, &answer);
    imitation.only("login.finish");
}

#[tokio::test]
async fn behind_quiva() {
    logs_in(Quiva).await;
}

#[tokio::test]
async fn behind_flashback() {
    logs_in(Flashback).await;
}

#[tokio::test]
async fn behind_streambird() {
    logs_in(Streambird).await;
}

#[tokio::test]
async fn behind_auth0() {
    logs_in(Auth0).await;
}

#[tokio::test]
async fn behind_apifox() {
    logs_in(Apifox).await;
}

#[tokio::test]
async fn its_faults_are_translated_to_the_dialect() {
    for (fault, expected) in [
        ("4000_invalid", "invalid_request"),
        ("4010_key", "upstream_refused_us"),
        ("4040_user", "unknown_user"),
        ("4290_rate", "rate_limited"),
        ("5030_busy", "upstream_failed"),
    ] {
        let imitation = Fake::start(Kelpie).await;
        imitation.answers("login.begin", kelpie::response(&format!("{fault}.fault")));
        let tables = kelpie::providers()
            + &imitation::upstream(&imitation, "client.key = \"env:OUR_KEY\"\naccount = \"acme\"")
            + &route("main", Quiva, "new", settings(Quiva));
        let gateway = Gateway::start(&tables).await;
        let (answer, refused) = gateway.refused(&begin(Quiva)).await;
        check_fault(Quiva, &answer);
        assert_eq!(refused.fault, expected, "{fault}");
    }
}
