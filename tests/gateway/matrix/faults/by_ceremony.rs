//! Refusals of a ceremony: its challenge is unknown, used or foreign, or its passkey is wrong.

use super::refuses;
use crate::matrix::pairs::Pair;
use kit::fake::Fake;
use kit::gateway::Gateway;
use kit::message::Response;
use kit::passkey::{assertion, begin, finish, finish_with};
use kit::provider::Provider::{self, Apifox, Auth0, Flashback, Quiva, Streambird};

/// Each dialect before Auth0, which needs a session handle of its own at the finish.
async fn start(dialect: Provider) -> (Fake, Gateway) {
    let pair = Pair { dialect, upstream: if dialect == Auth0 { Quiva } else { Auth0 } };
    let fake = Fake::start(pair.upstream).await;
    let gateway = Gateway::start(&pair.config(&fake.base_url(), "")).await;
    (fake, gateway)
}

#[tokio::test]
async fn unknown_challenge_is_expired() {
    for dialect in [Quiva, Flashback, Streambird, Auth0] {
        let (fake, gateway) = start(dialect).await;
        let begun = dialect.begun(&gateway.ask(&begin(dialect)).await);
        let foreign = finish_with(dialect, &assertion(b"an unknown challenge"), begun.session.as_deref());
        refuses(&gateway, dialect, "login.finish", &foreign, "challenge_expired").await;
        assert_eq!(fake.requests("login.finish").len(), 0);
    }
}

#[tokio::test]
async fn session_handle_of_another_ceremony_is_refused() {
    for dialect in [Auth0, Apifox] {
        let pair = Pair { dialect, upstream: Quiva };
        let fake = Fake::start(pair.upstream).await;
        let gateway = Gateway::start(&pair.config(&fake.base_url(), "")).await;
        let one = dialect.begun(&gateway.ask(&begin(dialect)).await);
        let other = dialect.begun(&gateway.ask(&begin(dialect)).await);
        assert_ne!(one.session, other.session);
        let crossed = finish_with(dialect, &assertion(&one.challenge), other.session.as_deref());
        refuses(&gateway, dialect, "login.finish", &crossed, "challenge_expired").await;
        let without = finish_with(dialect, &assertion(&other.challenge), None);
        refuses(&gateway, dialect, "login.finish", &without, "invalid_request").await;
        assert_eq!(fake.requests("login.finish").len(), 0);
    }
}

#[tokio::test]
async fn invalid_signature_is_rejected_in_every_envelope() {
    for dialect in Provider::ALL {
        let pair = Pair { dialect, upstream: if dialect == Apifox { Quiva } else { Apifox } };
        let fake = Fake::start(pair.upstream).await;
        match pair.upstream {
            Quiva => fake.refuses("login.finish", "401_unknown_user"),
            _ => fake.refuses("login.finish", "40025_login_rejected"),
        }
        let gateway = Gateway::start(&pair.config(&fake.base_url(), "")).await;
        let begun = dialect.begun(&gateway.ask(&begin(dialect)).await);
        refuses(&gateway, dialect, "login.finish", &finish(dialect, &begun), "assertion_rejected").await;
    }
}

#[tokio::test]
async fn client_data_without_a_challenge_is_an_invalid_request() {
    let (fake, gateway) = start(Streambird).await;
    let begun = Streambird.begun(&gateway.ask(&begin(Streambird)).await);
    // {}, {"challenge":""}, {"challenge":7}, not JSON, an array
    for client_data in ["e30", "eyJjaGFsbGVuZ2UiOiIifQ", "eyJjaGFsbGVuZ2UiOjd9", "bm8gSlNPTg", "W10"] {
        let mut credential = assertion(&begun.challenge);
        credential["response"]["clientDataJSON"] = client_data.into();
        let request = finish_with(Streambird, &credential, None);
        refuses(&gateway, Streambird, "login.finish", &request, "invalid_request").await;
    }
    assert_eq!(fake.requests("login.finish").len(), 0);
    gateway.ask(&finish(Streambird, &begun)).await;
    assert_eq!(fake.requests("login.finish").len(), 1, "an invalid request does not use the ceremony up");
}

#[tokio::test]
async fn repeated_upstream_challenge_is_refused() {
    let (fake, gateway) = start(Quiva).await;
    fake.answers("login.begin", Response::fixture(Auth0, "login.begin.response"));
    let begun = Quiva.begun(&gateway.ask(&begin(Quiva)).await);
    refuses(&gateway, Quiva, "login.begin", &begin(Quiva), "upstream_invalid").await;
    let answer = gateway.ask(&finish(Quiva, &begun)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn finish_on_another_route_leaves_the_ceremony() {
    for dialect in Provider::ALL {
        let pair = Pair { dialect, upstream: if dialect == Quiva { Streambird } else { Quiva } };
        let fake = Fake::start(pair.upstream).await;
        let config = pair.config(&fake.base_url(), "");
        let (prefix, elsewhere) = (dialect.prefix(), format!("/elsewhere{}", dialect.prefix()));
        let other = config[config.find("[routes.main]").unwrap()..]
            .replace("[routes.main]", "[routes.other]")
            .replace(&format!("prefix = \"{prefix}\""), &format!("prefix = \"{elsewhere}\""));
        let gateway = Gateway::start(&(config + &other)).await;
        let begun = dialect.begun(&gateway.ask(&begin(dialect)).await);
        let stray = finish(dialect, &begun).with_prefix("/elsewhere");
        refuses(&gateway, dialect, "login.finish", &stray, "challenge_expired").await;
        assert_eq!(fake.requests("login.finish").len(), 0);
        let answer = gateway.ask(&finish(dialect, &begun)).await;
        assert_eq!(fake.requests("login.finish").len(), 1, "{dialect:?}: {answer:?}");
    }
}
