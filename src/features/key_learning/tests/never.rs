//! Observations that must not be used.

use super::{BE, Watch, bea, observation};
use crate::features::key_learning::Purpose;
use crate::model::assertion::AssertionRequest;
use crate::relying_party::directory::user::User;
use crate::relying_party::tests::begin_login;
use crate::relying_party::tests::forger::{Forger, UP, UV};

#[tokio::test]
async fn wrong_signature_at_any_position_proves_nothing() {
    let mut watch = Watch::new();
    for number in 0_u32..100 {
        let id = number.to_be_bytes().to_vec();
        let right = Forger { credential_id: id.clone(), ..bea() };
        let wrong = Forger { credential_id: id, ..bea() };
        // The wrong sign-in is the first, second or third.
        let order: &[&Forger] = match number % 3 {
            0 => &[&wrong, &right],
            1 => &[&right, &wrong],
            _ => &[&right, &right, &wrong],
        };
        for forger in order {
            watch.sees(forger).await;
        }
        assert_eq!((watch.state(&right), watch.learned(&right)), ("contradicted", None), "{number}");
        watch.sees(&right).await;
        assert_eq!((watch.state(&right), watch.learned(&right)), ("candidates", None), "{number}: it starts again");
        watch.sees(&right).await;
        assert_eq!(watch.learned(&right).unwrap().public_key, right.row().public_key, "{number}");
    }
    let readiness = watch.readiness().await;
    assert_eq!(readiness.days[0].mismatched, 100);
}

#[tokio::test]
async fn replayed_assertion_proves_nothing() {
    let watch = Watch::new();
    let bea = bea();
    let once = observation(&bea.sign(b"once"), Some("bea"), None);
    for _ in 0..3 {
        watch.takes(once.clone(), Purpose::Learn).await;
    }
    assert_eq!((watch.state(&bea), watch.row(&bea).unwrap().recent[0]), ("candidates", 1));
}

#[tokio::test]
async fn different_user_handle_or_backup_flag_contradicts() {
    for (number, other) in [Forger { user_handle: Some(b"other".into()), ..bea() }, Forger { flags: UP | UV, ..bea() }]
        .into_iter()
        .enumerate()
    {
        let mut watch = Watch::new();
        let first = Forger { pair: other.pair.clone(), ..bea() };
        watch.sees(&first).await;
        watch.sees(&other).await;
        assert_eq!((watch.state(&first), watch.learned(&first)), ("contradicted", None), "{number}");
    }
}

#[tokio::test]
async fn passkey_is_never_given_to_another_user() {
    let mut watch = Watch::new();
    let bea = bea();
    watch.sees(&bea).await;
    watch.sees_of(&bea, Some("mallory"), None).await;
    assert_eq!((watch.state(&bea), watch.learned(&bea)), ("contradicted", None), "two users, one signature each");
    watch.sees(&bea).await;
    watch.sees(&bea).await;
    assert_eq!(watch.learned(&bea).unwrap().user_id, "bea");
    watch.sees_of(&bea, Some("mallory"), None).await;
    assert_eq!((watch.state(&bea), watch.learned(&bea)), ("contradicted", None), "it is no longer proven");
}

#[tokio::test]
async fn address_of_another_user_is_not_stored() {
    let mut watch = Watch::new();
    let ada = Forger::of_ada(&watch.store);
    let mallory = Forger { credential_id: vec![0x66; 16], user_handle: ada.user_handle.clone(), ..bea() };
    watch.sees_of(&mallory, Some("mallory"), Some("ada@example.com")).await;
    watch.sees_of(&mallory, Some("mallory"), Some("ada@example.com")).await;
    let user = |id| User::by_id(watch.store.connection(), id).unwrap().unwrap();
    assert_eq!((user("mallory").email, user("user_ada").email.as_deref()), (None, Some("Ada@Example.com")));
    assert_ne!(Some(user("mallory").handle), mallory.user_handle, "a handle is not stored either");
    assert_eq!(watch.learned(&mallory).unwrap().user_id, "mallory");
    let request = AssertionRequest { user_email: Some("ada@example.com".into()), ..AssertionRequest::default() };
    let options = begin_login(&watch.own, request, None).await.unwrap();
    assert_eq!(options.allow_credentials[0].id.as_deref(), Some(ada.credential_id.as_slice()));
}

#[tokio::test]
async fn sign_in_for_another_relying_party_is_only_counted() {
    let mut watch = Watch::new();
    let bea = bea();
    for lie in [
        Forger { origin: "http://localhost:8081", ..bea.clone() },
        Forger { rp_id: "example.com", ..bea.clone() },
        Forger { flags: UV | BE, ..bea.clone() },
        Forger { credential_id: Vec::new(), ..bea.clone() },
        Forger { user_handle: Some(vec![7; 65]), ..bea.clone() },
    ] {
        watch.sees(&lie).await;
    }
    watch.sees_of(&bea, None, None).await;
    watch.sees_of(&bea, Some(""), None).await;
    watch.sees_of(&bea, Some(&"x".repeat(256)), None).await;
    let mut created = observation(&bea.sign(b"x"), Some("bea"), None);
    created.client_data_json = String::from_utf8(created.client_data_json).unwrap().replace(".get", ".create").into();
    watch.takes(created, Purpose::Learn).await;
    assert_eq!((watch.state(&bea), watch.readiness().await.days[0].ignored), ("unseen", 9));
    assert!(User::by_id(watch.store.connection(), "bea").unwrap().is_none());
}
