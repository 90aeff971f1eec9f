//! Concurrent sign-ins.

use super::TestDirectory;
use super::forger::Forger;
use super::login::{begin, finish, for_ada, stored};
use crate::model::fault::Fault;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_finishes_with_the_same_signature_succeeds() {
    let place = TestDirectory::new();
    let own = place.open();
    let store = place.store();
    let ada = Forger::of_ada(&store);
    for round in 1..=20 {
        let forger = Forger { count: 5 + round, ..ada.clone() };
        let options = begin(&own, for_ada()).await;
        let finishes: Vec<_> = (0..8)
            .map(|_| {
                let (own, answer, options) = (own.clone(), forger.answer(&options), options.clone());
                tokio::spawn(async move { finish(&own, answer, &options).await })
            })
            .collect();
        let mut accepted = 0;
        for finish in finishes {
            match finish.await.unwrap() {
                Ok(_) => accepted += 1,
                Err(refusal) => assert_eq!(refusal.fault, Fault::AssertionRejected),
            }
        }
        assert_eq!(accepted, 1);
        assert_eq!(stored(&store, &ada.credential_id).sign_count, 5 + round);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_sign_ins_never_lower_the_counter() {
    let place = TestDirectory::new();
    let own = place.open();
    let store = place.store();
    let ada = Forger::of_ada(&store);
    for round in 1..=10 {
        let base = round * 100;
        let options = begin(&own, for_ada()).await;
        let finishes: Vec<_> = (0..8)
            .map(|step| {
                let answer = Forger { count: base + step, ..ada.clone() }.answer(&options);
                let (own, options) = (own.clone(), options.clone());
                tokio::spawn(async move { finish(&own, answer, &options).await.is_ok() })
            })
            .collect();
        let mut highest_was_taken = false;
        for finish in finishes {
            highest_was_taken = finish.await.unwrap();
        }
        assert!(highest_was_taken);
        assert_eq!(stored(&store, &ada.credential_id).sign_count, base + 7);
    }
}
