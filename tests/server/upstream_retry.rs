//! Retries and the circuit breaker.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use passbridge::base::bounded::Bounded;
use passbridge::upstream::breaker::BreakerState;
use passbridge::upstream::failure::CallFailure;
use passbridge::upstream::http_settings::HttpSettings;
use passbridge::upstream::http_upstream::RetryClass::{Begin, Finish};

use super::rig::{Origin, within};
use super::upstream::{get, upstream};
use super::upstream_pool::rest;

/// Closes every TLS connection during the handshake.
async fn hangs_up() -> Origin {
    Origin::start(|wire| async move {
        wire.stream.readable().await.unwrap();
    })
    .await
}

#[tokio::test]
async fn failed_connect_is_retried_for_begin_only() {
    for (class, attempts) in [(Begin, 2), (Finish, 1)] {
        let origin = hangs_up().await;
        let base = format!("https://{}", origin.address);
        let upstream = upstream(&base, &HttpSettings::default());
        let failure = within(upstream.call(&get("/"), class)).await.unwrap_err();
        assert!(matches!(failure, CallFailure::Unreachable(_)), "{failure:?}");
        assert!(!failure.may_have_arrived());
        assert_eq!(origin.accepted(), attempts, "{class:?}");
    }
}

#[tokio::test]
async fn refused_connection_is_unreachable() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for class in [Begin, Finish] {
        let upstream = upstream(&format!("http://{closed}"), &HttpSettings::default());
        let failure = within(upstream.call(&get("/"), class)).await.unwrap_err();
        assert!(matches!(failure, CallFailure::Unreachable(_)), "{failure:?}");
    }
}

#[tokio::test]
async fn request_that_may_have_arrived_is_not_retried() {
    for class in [Begin, Finish] {
        let origin = Origin::start(|mut wire| async move {
            wire.try_head().await;
        })
        .await;
        let upstream = upstream(&origin.url(), &HttpSettings::default());
        let failure = within(upstream.call(&get("/"), class)).await.unwrap_err();
        assert!(matches!(failure, CallFailure::Broken(_)), "{failure:?}");
        assert_eq!(origin.accepted(), 1, "{class:?}");
    }
}

#[tokio::test]
async fn broken_kept_connection_is_not_retried() {
    let (sender, mut calls) = tokio::sync::mpsc::unbounded_channel();
    let origin = Origin::start(move |mut wire| {
        let sender = sender.clone();
        async move {
            wire.try_head().await.unwrap();
            wire.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
            if wire.try_head().await.is_some() {
                sender.send(()).unwrap(); // the second call arrived, and the connection is closed
            }
        }
    })
    .await;
    let upstream = upstream(&origin.url(), &HttpSettings::default());
    within(upstream.call(&get("/"), Finish)).await.unwrap();
    rest().await;
    let failure = within(upstream.call(&get("/"), Finish)).await.unwrap_err();
    assert!(matches!(failure, CallFailure::Broken(_)), "{failure:?}");
    assert_eq!(within(calls.recv()).await, Some(()));
    assert_eq!(origin.accepted(), 1);
}

#[tokio::test]
async fn consecutive_failures_open_the_breaker() {
    let refusing = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n";
    let settings = HttpSettings {
        breaker_failures: Bounded::nearest(3),
        breaker_cooldown_ms: Bounded::nearest(60_000),
        ..HttpSettings::default()
    };

    let origin = Origin::sending(refusing).await;
    let living = upstream(&origin.url(), &settings);
    for _ in 0..5 {
        assert_eq!(within(living.call(&get("/"), Finish)).await.unwrap().status(), 401);
    }
    assert_eq!(living.admission().breaker(), BreakerState::Closed);

    let origin = Origin::start(|mut wire| async move { drop(wire.try_head().await) }).await;
    let dead = upstream(&origin.url(), &settings);
    for _ in 0..3 {
        let failure = within(dead.call(&get("/"), Finish)).await.unwrap_err();
        assert!(matches!(failure, CallFailure::Broken(_)), "{failure:?}");
    }
    assert_eq!(dead.admission().breaker(), BreakerState::Open);
    let failure = within(dead.call(&get("/"), Begin)).await.unwrap_err();
    assert!(matches!(failure, CallFailure::BreakerOpen { .. }), "{failure:?}");
}

#[tokio::test]
async fn successful_probe_closes_the_breaker() {
    let is_well = Arc::new(AtomicBool::new(false));
    let health = is_well.clone();
    let origin = Origin::start(move |mut wire| {
        let health = health.clone();
        async move {
            while wire.try_head().await.is_some() {
                if !health.load(Ordering::SeqCst) {
                    return; // closes the connection
                }
                wire.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
            }
        }
    })
    .await;
    let settings = HttpSettings {
        breaker_failures: Bounded::nearest(1),
        breaker_cooldown_ms: Bounded::nearest(10),
        ..HttpSettings::default()
    };
    let upstream = upstream(&origin.url(), &settings);
    assert!(within(upstream.call(&get("/"), Finish)).await.is_err());
    assert_eq!(upstream.admission().breaker(), BreakerState::Open);
    is_well.store(true, Ordering::SeqCst);
    loop {
        match within(upstream.call(&get("/"), Finish)).await {
            Ok(answer) => break assert_eq!(answer.status(), 200),
            Err(CallFailure::BreakerOpen { retry_after }) => tokio::time::sleep(retry_after).await,
            Err(failure) => panic!("{failure:?}"),
        }
    }
    assert_eq!(upstream.admission().breaker(), BreakerState::Closed);
}
