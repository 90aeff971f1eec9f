//! The counts of observed sign-ins.

use super::{Watch, bea, counts, observation};
use crate::features::key_learning::Purpose;
use crate::features::key_learning::queue::MAX_QUEUED;
use crate::features::key_learning::readiness::Readiness;
use crate::relying_party::directory::user::User;
use crate::relying_party::tests::forger::Forger;

#[tokio::test]
async fn signatures_without_candidates_are_not_learnable() {
    let watch = Watch::new();
    let bea = bea();
    for challenge in 0_u8..3 {
        let mut seen = observation(&bea.sign(&[challenge]), Some("bea"), None);
        seen.signature = vec![challenge; 64];
        watch.takes(seen, Purpose::Learn).await;
        assert_eq!((watch.state(&bea), watch.learned(&bea)), ("not learnable", None));
    }
    let readiness = watch.readiness().await;
    assert_eq!(readiness.active_users, counts([0, 0, 0, 1], Some(0.0)));
    assert_eq!(readiness.days[0].sign_ins, counts([0, 0, 1, 2], Some(0.0)));
    assert!(!watch.learner.is_proven(Some("bea"), None).await);
}

#[tokio::test]
async fn passkey_of_the_directory_is_verified_and_kept() {
    for purpose in [Purpose::Verify, Purpose::Learn] {
        let watch = Watch::new();
        let ada = Forger::of_ada(&watch.store);
        let of = |forger: &Forger, challenge: &[u8], id: &str| observation(&forger.sign(challenge), Some(id), None);
        watch.takes(of(&ada, b"1", "user_ada"), purpose).await;
        assert_eq!((watch.state(&ada), watch.learned(&ada).unwrap().sign_count), ("proven", 6));
        assert!(watch.learner.is_proven(Some("user_ada"), None).await);
        let imposter = Forger { pair: Forger::new(b"").pair, ..ada.clone() };
        watch.takes(of(&imposter, b"2", "user_ada"), purpose).await;
        assert_eq!(watch.state(&ada), "contradicted", "{purpose:?}");
        assert_eq!(watch.learned(&ada).unwrap().public_key, ada.row().public_key);
        assert!(!watch.learner.is_proven(Some("user_ada"), None).await);
        watch.takes(of(&ada, b"3", "user_ada"), purpose).await;
        assert!(watch.learner.is_proven(Some("user_ada"), None).await);
        watch.takes(of(&ada, b"4", "somebody else"), purpose).await;
        let days = watch.readiness().await.days;
        assert_eq!((days[0].sign_ins, days[0].mismatched), (counts([2, 0, 2, 0], Some(0.5)), 2));
    }
}

#[tokio::test]
async fn verifying_adds_no_user_and_no_passkey() {
    let watch = Watch::new();
    let bea = bea();
    for challenge in 0_u8..3 {
        watch.takes(observation(&bea.sign(&[challenge]), Some("bea"), None), Purpose::Verify).await;
    }
    assert_eq!((watch.state(&bea), watch.learned(&bea)), ("unseen", None));
    assert!(User::by_id(watch.store.connection(), "bea").unwrap().is_none());
    assert_eq!(watch.readiness().await.days[0].sign_ins, counts([0, 0, 3, 0], Some(0.0)));
}

#[tokio::test]
async fn readiness_rises_with_the_sign_ins() {
    let mut watch = Watch::new();
    assert_eq!(watch.readiness().await, Readiness::default());
    let passkey = |number: u8| Forger { credential_id: vec![number; 16], ..bea() };
    let passkeys: Vec<_> = (0..4).map(passkey).collect();
    let names = ["a", "b", "c", "d"];
    for (forger, name) in passkeys.iter().zip(names) {
        watch.sees_of(forger, Some(name), None).await;
    }
    assert_eq!(watch.readiness().await.active_users, counts([0, 4, 0, 0], Some(0.0)));
    for (forger, name) in passkeys.iter().zip(names).take(3) {
        watch.sees_of(forger, Some(name), None).await;
    }
    let readiness = watch.readiness().await;
    assert_eq!(readiness.active_users, counts([3, 1, 0, 0], Some(0.75)));
    assert_eq!(readiness.sign_ins, counts([6, 1, 0, 0], Some(0.8571)));
    assert_eq!(readiness.days.len(), 1);
    assert_eq!(readiness.days[0].active_users, counts([0, 0, 4, 0], Some(0.0)));
    assert_eq!(readiness.days[0].sign_ins, counts([0, 3, 4, 0], Some(0.0)));
    // A second device of one of them, which could not sign in here: so its user cannot, in general.
    watch.sees_of(&passkey(9), Some("a"), None).await;
    assert_eq!(watch.readiness().await.active_users, counts([2, 2, 0, 0], Some(0.5)));
    assert!(!watch.learner.is_proven(Some("a"), None).await && watch.learner.is_proven(Some("b"), None).await);
}

#[tokio::test]
async fn full_queue_drops_and_counts() {
    let watch = Watch::new();
    let bea = bea();
    let seen = |challenge: usize| observation(&bea.sign(&challenge.to_be_bytes()), Some("bea"), None);
    let mut busy = watch.place.store();
    let lock = busy.write().unwrap();
    // The directory takes nothing while the lock is held, and it is held until all of these have returned.
    let taken =
        (0..MAX_QUEUED + 100).filter(|challenge| watch.learner.observe(seen(*challenge), Purpose::Learn)).count();
    drop(lock);
    assert!((MAX_QUEUED..=MAX_QUEUED + 1).contains(&taken), "{taken}");
    let dropped = loop {
        match watch.readiness().await.days.first() {
            Some(day) if day.sign_ins.total + day.dropped == u64::try_from(MAX_QUEUED).unwrap() + 100 => {
                break day.dropped;
            }
            _ => tokio::task::yield_now().await,
        }
    };
    assert_eq!(dropped, u64::try_from(MAX_QUEUED + 100 - taken).unwrap());
    assert_eq!(watch.state(&bea), "proven");
}
