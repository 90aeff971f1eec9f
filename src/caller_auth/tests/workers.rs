//! Fetched key sets among workers that run, end or stand still on runtimes of their own.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use tokio::runtime::{Builder, Runtime};
use tokio::time;

use super::fetched::{NO_SET, admit, at_once, pass, seconds, taking, turns};
use super::*;
use crate::caller_auth::testing::{Issuer, Signer, key_set};

/// A runtime as each worker has one of its own.
fn worker() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

async fn turns_until(is_so: impl Fn() -> bool) {
    while !is_so() {
        turns(1).await;
    }
}

#[tokio::test]
async fn workers_on_runtimes_of_their_own_share_one_fetch() {
    let signer = Signer::es256("one");
    let issuer = Issuer::start(Some(key_set(&[&signer])));
    issuer.hold();
    let callers = taking(&issuer);
    let token = signer.token();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(|| worker().block_on(admit(&callers, &token)))).collect();
        while issuer.asked() == 0 {
            std::thread::yield_now();
        }
        issuer.release();
        for worker in workers {
            assert!(worker.join().unwrap().is_ok());
        }
    });
    assert_eq!(issuer.asked(), 1);
    // The workers are gone, and with them whatever they had opened.
    pass(seconds(31)).await;
    issuer.publish(Some(key_set(&[&Signer::es256("two")])));
    assert!(admit(&callers, &Signer::es256("three").token()).await.is_err());
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn a_worker_that_ends_during_its_fetch_leaves_nobody_waiting() {
    let signer = Signer::es256("one");
    let issuer = Issuer::start(Some(key_set(&[&signer])));
    issuer.hold();
    let callers = taking(&issuer);
    let first = std::thread::spawn({
        let (callers, token) = (callers.clone(), signer.token());
        move || {
            worker().block_on(async {
                tokio::select! {
                    biased;
                    _ = admit(&callers, &token) => panic!("answers are held back"),
                    () = turns(1) => {}
                }
            });
        }
    });
    first.join().unwrap();
    let told = refused(admit(&callers, &signer.token()).await);
    assert_eq!(told, (Fault::Internal, NO_SET.to_owned()));
    issuer.release();
    pass(seconds(31)).await;
    assert!(admit(&callers, &signer.token()).await.is_ok());
}

#[test]
fn a_worker_that_is_shut_down_refuses_and_goes_on() {
    let signer = Signer::es256("one");
    let issuer = Issuer::start(Some(key_set(&[&signer])));
    let callers = taking(&issuer);
    let token = signer.token();
    let handle = worker().handle().clone();
    {
        let _shut_down = handle.enter(); // whatever is spawned is dropped at once
        let mut admission = pin!(admit(&callers, &token));
        let outcome = admission.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(outcome) = outcome else { panic!("a caller waits for nothing") };
        assert_eq!(refused(outcome), (Fault::Internal, NO_SET.to_owned()));
    }
    worker().block_on(async {
        pass(seconds(31)).await;
        assert!(admit(&callers, &token).await.is_ok());
    });
}

#[test]
fn a_worker_that_stands_still_during_its_fetch_holds_nobody_up_for_long() {
    let (old, new) = (Signer::es256("old"), Signer::es256("new"));
    let issuer = Issuer::start(Some(key_set(&[&old])));
    issuer.hold();
    let callers = taking(&issuer);
    let (still, other) = (worker(), worker());
    let token = old.token();
    still.block_on(async {
        tokio::select! {
            _ = admit(&callers, &token) => panic!("answers are held back"),
            () = turns_until(|| issuer.asked() == 1) => {}
        }
    });
    issuer.release();
    other.block_on(async {
        time::pause(); // so that waiting takes no time
        assert_eq!(refused(admit(&callers, &token).await), (Fault::Internal, NO_SET.to_owned()));
        time::resume();
        turns_until(|| issuer.answered() == 1).await;
        issuer.publish(Some(key_set(&[&new])));
        pass(seconds(31)).await;
        assert!(admit(&callers, &new.token()).await.is_ok());
    });
    // What the first fetch brings at last is older, and undoes nothing.
    still.block_on(turns(10_000));
    assert!(other.block_on(at_once(&callers, &new.token())).is_ok());
}
