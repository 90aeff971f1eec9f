//! Passkeys learned from two sign-ins.

use super::{Watch, bea, observation};
use crate::features::key_learning::{Observation, Purpose};
use crate::model::assertion::AssertionRequest;
use crate::model::fault::Fault;
use crate::relying_party::tests::forger::{Forger, UP, UV};
use crate::relying_party::tests::{begin_login, finish_login};

#[tokio::test]
async fn two_observed_sign_ins_prove_a_passkey() {
    let mut watch = Watch::new();
    let bea = bea();
    watch.sees(&bea).await;
    assert_eq!((watch.state(&bea), watch.learned(&bea)), ("candidates", None));
    assert!(!watch.learner.is_proven(Some("bea"), None).await);
    let request = AssertionRequest { user_id: Some("bea".into()), ..AssertionRequest::default() };
    let refused = begin_login(&watch.own, request.clone(), None).await.unwrap_err();
    assert_eq!(refused.fault, Fault::UnknownUser, "one signature proves no key");

    watch.sees(&bea).await;
    assert_eq!(watch.state(&bea), "proven");
    let learned = watch.learned(&bea).unwrap();
    assert_eq!(learned.public_key, bea.row().public_key);
    assert_eq!((learned.user_id.as_str(), learned.sign_count, learned.learned), ("bea", 0, true));
    assert_eq!((learned.backup_eligible, learned.backup_state), (Some(true), false));
    assert_eq!(learned.user_handle.as_deref(), bea.user_handle.as_deref());
    for (id, email, proven) in [
        (Some("bea"), None, true),
        (None, Some("BEA@example.com"), true),
        (Some("bob"), Some("bea@example.com"), false),
        (None, Some("bob@example.com"), false),
        (None, None, false),
    ] {
        assert_eq!(watch.learner.is_proven(id, email).await, proven, "{id:?} {email:?}");
    }

    let options = begin_login(&watch.own, request, None).await.unwrap();
    assert_eq!(options.allow_credentials.len(), 1);
    let signed_in = finish_login(&watch.own, bea.answer(&options), options.session.as_deref(), None).await.unwrap();
    assert_eq!(signed_in.user_id.as_deref(), Some("bea"));
    let begun = begin_login(&watch.own, AssertionRequest::default(), None).await.unwrap();
    let signed_in = finish_login(&watch.own, bea.answer(&begun), begun.session.as_deref(), None).await.unwrap();
    assert_eq!(signed_in.user_id.as_deref(), Some("bea"), "a discoverable one is found by its id");
    assert_eq!(watch.row(&bea).unwrap().recent[0], 4, "what is served here counts as well");
}

#[tokio::test]
async fn learned_passkey_is_verified_with_handle_counter_and_flags() {
    let mut watch = Watch::new();
    let bea = Forger { count: 7, ..bea() };
    watch.sees(&bea).await;
    watch.sees(&Forger { count: 8, ..bea.clone() }).await;
    let later = Forger { count: 9, ..bea.clone() };
    for wrong in [
        Forger { count: 8, ..later.clone() },
        Forger { user_handle: Some(b"another".into()), ..later.clone() },
        Forger { flags: UP | UV, ..later.clone() },
        Forger { pair: Forger::new(b"").pair, ..later.clone() },
    ] {
        let options = begin_login(&watch.own, AssertionRequest::default(), None).await.unwrap();
        let refused = finish_login(&watch.own, wrong.answer(&options), options.session.as_deref(), None).await;
        assert_eq!(refused.unwrap_err().fault, Fault::AssertionRejected);
    }
    let options = begin_login(&watch.own, AssertionRequest::default(), None).await.unwrap();
    finish_login(&watch.own, later.answer(&options), options.session.as_deref(), None).await.unwrap();
}

#[tokio::test]
async fn passkey_with_an_unknown_handle_signs_in_by_its_key() {
    let mut watch = Watch::new();
    let silent = Forger { user_handle: None, ..bea() };
    watch.sees(&silent).await;
    watch.sees(&silent).await;
    assert_eq!(watch.learned(&silent).unwrap().user_handle, None);
    let named = Forger { user_handle: Some(b"now it does".into()), ..silent.clone() };
    for answers in [silent, named] {
        let request = AssertionRequest { user_id: Some("bea".into()), ..AssertionRequest::default() };
        let options = begin_login(&watch.own, request, None).await.unwrap();
        finish_login(&watch.own, answers.answer(&options), options.session.as_deref(), None).await.unwrap();
    }
}

#[tokio::test]
async fn user_known_by_address_stays_one_user() {
    let mut watch = Watch::new();
    let (phone, key) = (bea(), Forger { credential_id: vec![2; 16], ..bea() });
    for forger in [&phone, &key, &phone, &key] {
        watch.sees_of(forger, None, Some("bea@example.com")).await;
    }
    let owners = [&phone, &key].map(|forger| watch.learned(forger).unwrap().user_id);
    assert_eq!(owners[0], owners[1]);
    assert!(watch.learner.is_proven(None, Some("bea@example.com")).await);
}

#[tokio::test]
async fn passkey_deleted_at_the_upstream_is_forgotten() {
    let mut watch = Watch::new();
    let bea = Forger { credential_id: vec![9; 16], ..bea() };
    let ada = Forger::of_ada(&watch.store);
    watch.sees(&bea).await;
    watch.sees(&bea).await;
    for forger in [&bea, &ada] {
        watch.learner.unlearn(Some(forger.credential_id.clone()), None).await.unwrap();
    }
    assert_eq!((watch.state(&bea), watch.learned(&bea)), ("unseen", None));
    assert!(watch.learned(&ada).is_some(), "it was registered, not learned");
    let named = |challenge| Observation {
        handle: Some("webauthn_1".into()),
        ..observation(&bea.sign(challenge), Some("bea"), None)
    };
    watch.takes(named(b"x"), Purpose::Learn).await;
    watch.takes(named(b"y"), Purpose::Learn).await;
    watch.learner.unlearn(None, Some("webauthn_2".into())).await.unwrap();
    assert!(watch.learned(&bea).is_some());
    watch.learner.unlearn(None, Some("webauthn_1".into())).await.unwrap();
    assert_eq!((watch.state(&bea), watch.learned(&bea)), ("unseen", None));
}
