//! Fetched key sets, over a real socket.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use tokio::task::JoinSet;
use tokio::time;

use super::*;
use crate::caller_auth::testing::{AUDIENCE, ISSUER, Issuer, Signer, key_set};

pub(super) const NO_SET: &str = "the key set for user tokens cannot be fetched";
const UNKNOWN: &str = "the token's key is not in the key set";

pub(super) fn accepting(issuer: &Issuer) -> Arc<Callers> {
    let answer = format!(
        r#"user = {{ jwt = {{ jwks = "http://{}/keys?key=public", algorithms = ["ES256"], issuer = "{ISSUER}", audience = "{AUDIENCE}", claims = {{ "user.id" = "sub" }} }} }}"#,
        issuer.address
    );
    Arc::new(callers(&answer, Caller::User, Path::new(".")))
}

pub(super) async fn admit(callers: &Callers, token: &str) -> Result<AuthenticatedCaller, Refusal> {
    callers.admit(Caller::User, &with_token(token)).await
}

/// The outcome for a request that must not wait.
pub(super) async fn at_once(callers: &Callers, token: &str) -> Result<AuthenticatedCaller, Refusal> {
    tokio::select! {
        biased;
        outcome = admit(callers, token) => outcome,
        () = std::future::ready(()) => panic!("the request waits"),
    }
}

/// Yields to the other tasks of this runtime a number of times.
pub(super) async fn turns(count: usize) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

/// Advances the clock without waiting; afterwards it runs in real time again.
pub(super) async fn pass(duration: Duration) {
    time::pause();
    time::advance(duration).await;
    time::resume();
}

pub(super) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test]
async fn keys_are_fetched_at_first_use_and_kept() {
    let signer = Signer::es256("one");
    let issuer = Issuer::start(Some(key_set(&[&signer])));
    let callers = accepting(&issuer);
    assert_eq!(issuer.requests(), 0);
    for _ in 0..3 {
        assert!(admit(&callers, &signer.token()).await.is_ok());
    }
    assert_eq!(issuer.requests(), 1);
}

#[tokio::test]
async fn routes_with_one_url_share_a_fetch_and_use_their_own_algorithms() {
    let (one, two) = (Signer::es256("one"), Signer::ed("two"));
    let issuer = Issuer::start(Some(key_set(&[&one, &two])));
    let key_sets = KeySets::default();
    let route = |path: &str, algorithm: &str| {
        let answer = format!(
            r#"user = {{ jwt = {{ jwks = "http://{}{path}", algorithms = ["{algorithm}"], issuer = "{ISSUER}", audience = "{AUDIENCE}", claims = {{ "user.id" = "sub" }} }} }}"#,
            issuer.address
        );
        let of = Relation::AnotherProvider;
        let (callers, findings) = compile_among(&key_sets, &answer, &[Caller::User], Path::new("."), of);
        assert!(findings.is_empty(), "{findings:?}");
        callers
    };
    let (first, second, elsewhere) = (route("/keys", "ES256"), route("/keys", "EdDSA"), route("/other", "ES256"));
    assert!(admit(&first, &one.token()).await.is_ok());
    assert!(admit(&second, &two.token()).await.is_ok());
    assert_eq!(issuer.requests(), 1);
    assert!(admit(&first, &two.token()).await.is_err());
    assert!(admit(&second, &one.token()).await.is_err());
    assert_eq!(issuer.requests(), 1);
    assert!(admit(&elsewhere, &one.token()).await.is_ok());
    assert_eq!(issuer.requests(), 2);
}

#[tokio::test]
async fn unknown_key_id_causes_one_fetch_for_many_requests() {
    let (old, new) = (Signer::es256("old"), Signer::es256("new"));
    let issuer = Issuer::start(Some(key_set(&[&old])));
    let callers = accepting(&issuer);
    assert!(admit(&callers, &old.token()).await.is_ok());
    pass(seconds(31)).await;
    issuer.publish(Some(key_set(&[&new])));
    issuer.hold();

    let mut waiting = JoinSet::new();
    for _ in 0..50 {
        let (callers, token) = (callers.clone(), new.token());
        waiting.spawn(async move { admit(&callers, &token).await });
    }
    while issuer.requests() < 2 {
        // Requests with known keys do not wait for the fetch.
        assert!(at_once(&callers, &old.token()).await.is_ok());
        turns(1).await;
    }
    assert!(waiting.try_join_next().is_none());
    issuer.release();
    for admitted in waiting.join_all().await {
        assert!(admitted.is_ok(), "{admitted:?}");
    }
    assert_eq!(issuer.requests(), 2);
    assert_eq!(refused(admit(&callers, &old.token()).await), (Fault::Unauthenticated, UNKNOWN.to_owned()));
}

#[tokio::test]
async fn unknown_key_ids_cause_one_fetch_every_30_seconds() {
    let signer = Signer::es256("one");
    let issuer = Issuer::start(Some(key_set(&[&signer])));
    let callers = accepting(&issuer);
    assert!(admit(&callers, &signer.token()).await.is_ok());
    for id in 0..20 {
        let made_up = Signer::es256(&id.to_string()).token();
        assert_eq!(refused(admit(&callers, &made_up).await), (Fault::Unauthenticated, UNKNOWN.to_owned()));
    }
    assert_eq!(issuer.requests(), 1);
    pass(seconds(31)).await;
    for id in 0..20 {
        let made_up = Signer::es256(&id.to_string()).token();
        assert_eq!(refused(admit(&callers, &made_up).await), (Fault::Unauthenticated, UNKNOWN.to_owned()));
    }
    assert_eq!(issuer.requests(), 2);
}

#[tokio::test]
async fn without_any_set_requests_fail_and_the_route_is_not_ready() {
    let signer = Signer::es256("one");
    let issuer = Issuer::start(None);
    let callers = accepting(&issuer);
    for _ in 0..3 {
        assert_eq!(refused(admit(&callers, &signer.token()).await), (Fault::Internal, NO_SET.to_owned()));
    }
    assert!(!callers.ready().await);
    assert_eq!(issuer.requests(), 1);
    issuer.publish(Some(key_set(&[&signer])));
    pass(seconds(31)).await;
    assert!(callers.ready().await);
    assert!(admit(&callers, &signer.token()).await.is_ok());
    assert_eq!(issuer.requests(), 2);
}

#[tokio::test]
async fn token_of_another_algorithm_causes_no_fetch() {
    let issuer = Issuer::start(Some(key_set(&[])));
    let callers = accepting(&issuer);
    for token in ["x", &Signer::hmac(Algorithm::HS256, b"x").token(), &Signer::ed("one").token()] {
        assert_eq!(refused(admit(&callers, token).await).0, Fault::Unauthenticated);
    }
    assert_eq!(issuer.requests(), 0);
}

#[tokio::test]
async fn set_is_refreshed_in_the_background() {
    let (old, new) = (Signer::es256("old"), Signer::es256("new"));
    let issuer = Issuer::start(Some(key_set(&[&old])));
    let callers = accepting(&issuer);
    assert!(admit(&callers, &old.token()).await.is_ok());
    issuer.publish(Some(key_set(&[&new])));
    pass(seconds(560)).await;
    assert!(at_once(&callers, &old.token()).await.is_ok());
    pass(seconds(41)).await;
    issuer.hold();
    assert!(at_once(&callers, &old.token()).await.is_ok());
    issuer.release();
    assert!(admit(&callers, &new.token()).await.is_ok());
    assert_eq!(issuer.requests(), 2);
    assert!(admit(&callers, &old.token()).await.is_err());
}

#[tokio::test]
async fn old_set_is_not_used_before_it_is_fetched_again() {
    let (old, new) = (Signer::es256("old"), Signer::es256("new"));
    let issuer = Issuer::start(Some(key_set(&[&old])));
    let callers = accepting(&issuer);
    assert!(admit(&callers, &old.token()).await.is_ok());
    issuer.publish(Some(key_set(&[&new])));
    pass(seconds(3600)).await;
    assert_eq!(refused(admit(&callers, &old.token()).await), (Fault::Unauthenticated, UNKNOWN.to_owned()));
    assert_eq!(issuer.requests(), 2);
}

#[tokio::test]
async fn last_valid_set_is_used_for_a_day_while_the_issuer_fails() {
    let signer = Signer::es256("one");
    let issuer = Issuer::start(Some(key_set(&[&signer])));
    let callers = accepting(&issuer);
    assert!(admit(&callers, &signer.token()).await.is_ok());
    for broken in [None, Some("<html>".to_owned()), Some(" ".repeat(256 * 1024 + 1))] {
        issuer.publish(broken);
        pass(seconds(7 * 3600)).await;
        assert!(admit(&callers, &signer.token()).await.is_ok());
        assert!(callers.ready().await);
    }
    assert!(issuer.requests() >= 2);
    pass(seconds(4 * 3600)).await;
    assert_eq!(refused(admit(&callers, &signer.token()).await), (Fault::Internal, NO_SET.to_owned()));
    assert!(!callers.ready().await);
}

#[tokio::test]
async fn known_keys_do_not_wait_while_the_issuer_fails() {
    let signer = Signer::es256("one");
    let issuer = Issuer::start(Some(key_set(&[&signer])));
    let callers = accepting(&issuer);
    assert!(admit(&callers, &signer.token()).await.is_ok());
    issuer.publish(None);
    pass(seconds(3600)).await;
    assert!(admit(&callers, &signer.token()).await.is_ok());
    pass(seconds(31)).await;
    issuer.hold();
    assert!(at_once(&callers, &signer.token()).await.is_ok());
    while issuer.requests() < 3 {
        assert!(at_once(&callers, &signer.token()).await.is_ok());
        turns(1).await;
    }
}

#[tokio::test]
async fn old_failure_does_not_keep_an_old_set_in_use() {
    let (old, new) = (Signer::es256("old"), Signer::es256("new"));
    let issuer = Issuer::start(Some(key_set(&[&old])));
    let callers = accepting(&issuer);
    assert!(admit(&callers, &old.token()).await.is_ok());
    issuer.publish(None);
    pass(seconds(3600)).await;
    assert!(admit(&callers, &old.token()).await.is_ok());
    issuer.publish(Some(key_set(&[&new])));
    pass(seconds(3600)).await;
    assert_eq!(refused(admit(&callers, &old.token()).await), (Fault::Unauthenticated, UNKNOWN.to_owned()));
}
