//! Which connection a call uses, and when connections are closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use passbridge::base::bounded::Bounded;
use passbridge::upstream::http_settings::HttpSettings;
use passbridge::upstream::http_upstream::RetryClass::Finish;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::{Notify, Semaphore, mpsc};

use super::rig::{Origin, within};
use super::upstream::{get, upstream};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Waits until the first connection was observed for long enough to be reused.
pub(super) async fn rest() {
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
}

/// Gives the runtime time to process socket events.
async fn process_events() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn dead_idle_connection_is_replaced() {
    // Closed, reset, and with unexpected bytes.
    for ending in 0..3 {
        let (ended, mut endings) = mpsc::unbounded_channel();
        let origin = Origin::start(move |mut wire| {
            let ended = ended.clone();
            async move {
                wire.try_head().await.unwrap();
                wire.send(OK).await;
                if ending == 1 {
                    socket2::SockRef::from(&wire.stream).set_linger(Some(std::time::Duration::ZERO)).unwrap();
                } else if ending == 2 {
                    tokio::task::yield_now().await; // so that the answer is read without it
                    wire.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil").await;
                }
                let kept = (ending == 2).then_some(wire);
                let _ = ended.send(kept);
            }
        })
        .await;
        let upstream = upstream(&origin.url(), &HttpSettings::default());
        let mut kept = Vec::new();
        for connections in 1..=3 {
            let answer = within(upstream.call(&get("/"), Finish)).await.unwrap();
            assert_eq!((answer.body(), origin.accepted()), (&"ok".into(), connections), "{ending}");
            kept.push(within(endings.recv()).await);
            process_events().await;
        }
    }
}

#[tokio::test]
async fn most_recently_used_connection_is_reused_first() {
    let (connections, calls) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (second_came, go) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
    let origin = Origin::start({
        let (second_came, go) = (second_came.clone(), go.clone());
        move |mut wire| {
            let name = connections.fetch_add(1, Ordering::SeqCst);
            let (calls, second_came, go) = (calls.clone(), second_came.clone(), go.clone());
            async move {
                while wire.try_head().await.is_some() {
                    if calls.fetch_add(1, Ordering::SeqCst) == 1 {
                        second_came.notify_one();
                    }
                    let _ = go.acquire().await.unwrap();
                    wire.send(&format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{name}")).await;
                }
            }
        }
    })
    .await;
    let upstream = upstream(&origin.url(), &HttpSettings::default());
    let (first, second) = (get("/1"), get("/2"));
    let (one, two, ()) = within(async {
        tokio::join!(upstream.call(&first, Finish), upstream.call(&second, Finish), async {
            second_came.notified().await;
            go.add_permits(1);
        })
    })
    .await;
    assert_ne!(one.unwrap().body(), two.unwrap().body());
    rest().await;
    let mut carried = Vec::new();
    for _ in 0..5 {
        carried.push(within(upstream.call(&get("/"), Finish)).await.unwrap().into_body());
    }
    assert_eq!(origin.accepted(), 2);
    assert!(carried.windows(2).all(|pair| pair[0] == pair[1]), "{carried:?}");
}

#[tokio::test]
async fn idle_connection_is_closed_after_its_timeout() {
    let (closed, mut closings) = mpsc::unbounded_channel();
    let origin = Origin::start(move |mut wire| {
        let closed = closed.clone();
        async move {
            while wire.try_head().await.is_some() {
                wire.send(OK).await;
            }
            closed.send(()).unwrap();
        }
    })
    .await;
    let settings = HttpSettings { idle_timeout_ms: Bounded::nearest(100), ..HttpSettings::default() };
    let upstream = upstream(&origin.url(), &settings);
    for connections in 1..=2 {
        within(upstream.call(&get("/"), Finish)).await.unwrap();
        assert_eq!(within(closings.recv()).await, Some(()));
        assert_eq!(origin.accepted(), connections);
    }
}

#[tokio::test]
async fn cancelled_call_closes_its_connection() {
    let (sender, mut events) = mpsc::unbounded_channel();
    let origin = Origin::start(move |mut wire| {
        let sender = sender.clone();
        async move {
            wire.try_head().await.unwrap();
            wire.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await;
            sender.send("received").unwrap();
            assert_eq!(wire.rest().await, "");
            sender.send("closed").unwrap();
        }
    })
    .await;
    let upstream = Arc::new(upstream(&origin.url(), &HttpSettings::default()));
    for connections in 1..=2 {
        let call = tokio::spawn({
            let upstream = upstream.clone();
            async move { upstream.call(&get("/"), Finish).await }
        });
        assert_eq!(within(events.recv()).await, Some("received"));
        process_events().await;
        call.abort();
        assert_eq!(within(events.recv()).await, Some("closed"));
        assert_eq!(origin.accepted(), connections);
    }
}

#[tokio::test]
async fn request_is_sent_in_one_write() {
    let origin = Origin::start(|mut wire| async move {
        let mut first = vec![0; 1 << 20];
        wire.stream.readable().await.unwrap();
        let length = wire.stream.try_read(&mut first).unwrap();
        let said = format!("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{length:5}");
        wire.stream.write_all(said.as_bytes()).await.unwrap();
        wire.rest().await;
    })
    .await;
    let upstream = upstream(&origin.url(), &HttpSettings::default());
    let content = "x".repeat(10_000);
    let request = http::Request::post("/a").body(content.into()).unwrap();
    let answer = within(upstream.call(&request, Finish)).await.unwrap();
    let head = format!("POST /a HTTP/1.1\r\nhost: {}\r\naccept-encoding: identity\r\n", origin.address);
    let agent = concat!("user-agent: passbridge/", env!("CARGO_PKG_VERSION"), "\r\ncontent-type: application/json\r\n");
    let head = format!("{head}accept: application/json\r\n{agent}content-length: 10000\r\n\r\n");
    assert_eq!(std::str::from_utf8(answer.body()).unwrap().trim(), (head.len() + 10_000).to_string());
}

#[tokio::test]
async fn any_address_of_a_name_is_tried() {
    let origin = Origin::sending(OK).await; // listens on 127.0.0.1; `localhost` may be ::1 first
    let upstream = upstream(&format!("http://localhost:{}", origin.address.port()), &HttpSettings::default());
    assert_eq!(within(upstream.call(&get("/"), Finish)).await.unwrap().body(), "ok");
}
