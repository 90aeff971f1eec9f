//! Fetched key sets with several workers, each on its own runtime.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tokio::runtime::{Builder, Runtime};
use tokio::time;

use super::fetched::{NO_SET, accepting, admit, at_once, pass, seconds, turns};
use super::*;
use crate::caller_auth::testing::{Issuer, Signer, key_set};

/// A runtime like that of a worker.
fn worker() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

async fn turns_until(is_so: impl Fn() -> bool) {
    while !is_so() {
        turns(1).await;
    }
}

#[tokio::test]
async fn workers_share_one_fetch() {
    let signer = Signer::es256("one");
    let issuer = Issuer::start(Some(key_set(&[&signer])));
    issuer.hold();
    let callers = accepting(&issuer);
    let token = signer.token();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(|| worker().block_on(admit(&callers, &token)))).collect();
        while issuer.requests() == 0 {
            std::thread::yield_now();
        }
        issuer.release();
        for worker in workers {
            assert!(worker.join().unwrap().is_ok());
        }
    });
    assert_eq!(issuer.requests(), 1);
    // The workers have ended, with their connections.
    pass(seconds(31)).await;
    issuer.publish(Some(key_set(&[&Signer::es256("two")])));
    assert!(admit(&callers, &Signer::es256("three").token()).await.is_err());
    assert_eq!(issuer.requests(), 2);
}

#[tokio::test]
async fn worker_that_ends_during_its_fetch_does_not_block_others() {
    let signer = Signer::es256("one");
    let issuer = Issuer::start(Some(key_set(&[&signer])));
    issuer.hold();
    let callers = accepting(&issuer);
    let first = std::thread::spawn({
        let (callers, token) = (callers.clone(), signer.token());
        move || {
            worker().block_on(async {
                tokio::select! {
                    biased;
                    _ = admit(&callers, &token) => panic!("the responses are held back"),
                    () = turns(1) => {}
                }
            });
        }
    });
    first.join().unwrap();
    let refusal = refused(admit(&callers, &signer.token()).await);
    assert_eq!(refusal, (Fault::Internal, NO_SET.to_owned()));
    issuer.release();
    pass(seconds(31)).await;
    assert!(admit(&callers, &signer.token()).await.is_ok());
}

#[test]
fn worker_that_is_shutting_down_refuses_without_panic() {
    let signer = Signer::es256("one");
    let issuer = Issuer::start(Some(key_set(&[&signer])));
    let callers = accepting(&issuer);
    let token = signer.token();
    let handle = worker().handle().clone();
    {
        let _shut_down = handle.enter(); // spawned tasks are dropped at once
        let mut authenticated = pin!(admit(&callers, &token));
        let outcome = authenticated.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(outcome) = outcome else { panic!("the request waits forever") };
        assert_eq!(refused(outcome), (Fault::Internal, NO_SET.to_owned()));
    }
    worker().block_on(async {
        pass(seconds(31)).await;
        assert!(admit(&callers, &token).await.is_ok());
    });
}

#[test]
fn worker_blocked_during_its_fetch_delays_others_only_briefly() {
    let (old, new) = (Signer::es256("old"), Signer::es256("new"));
    let issuer = Issuer::start(Some(key_set(&[&old])));
    issuer.hold();
    let callers = accepting(&issuer);
    let (still, other) = (worker(), worker());
    let token = old.token();
    still.block_on(async {
        tokio::select! {
            _ = admit(&callers, &token) => panic!("the responses are held back"),
            () = turns_until(|| issuer.requests() == 1) => {}
        }
    });
    issuer.release();
    other.block_on(async {
        time::pause(); // so that waiting takes no time
        assert_eq!(refused(admit(&callers, &token).await), (Fault::Internal, NO_SET.to_owned()));
        time::resume();
        turns_until(|| issuer.responses() == 1).await;
        issuer.publish(Some(key_set(&[&new])));
        pass(seconds(31)).await;
        assert!(admit(&callers, &new.token()).await.is_ok());
    });
    // The late result of the first fetch is older and does not replace the set.
    still.block_on(turns(10_000));
    assert!(other.block_on(at_once(&callers, &new.token())).is_ok());
}
