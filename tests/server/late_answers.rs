//! Bytes that an upstream or target sends after its response, and responses that it sends before the request is
//! complete: no request gets the response of another, and none loses its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Request;
use passbridge::upstream::http_settings::HttpSettings;
use passbridge::upstream::http_upstream::RetryClass::Finish;
use tokio::io::AsyncWriteExt as _;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::rig::{Origin, Reply, Rig, Wire, start_before, within};
use super::upstream::{get, upstream};
use super::upstream_pool::rest;

/// Numbers that differ, without the same sequence on every connection.
fn scatter(seed: &AtomicU64) -> u64 {
    let mut number = seed.fetch_add(1, Ordering::Relaxed).wrapping_add(0x9e37_79b9_7f4a_7c15);
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number ^ (number >> 31)
}

fn answer_to(head: &str) -> String {
    let target = head.split(' ').nth(1).unwrap();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{target}", target.len())
}

/// Answers every request twice, the second time up to 30 ms later.
async fn answering_twice() -> Origin {
    let seed = Arc::new(AtomicU64::new(1));
    Origin::start_at("127.0.0.1:0".parse().unwrap(), move |stream| {
        let seed = seed.clone();
        async move {
            let (reader, writer) = stream.into_split();
            let writer = Arc::new(tokio::sync::Mutex::new(writer));
            let mut reader = tokio::io::BufReader::new(reader);
            loop {
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    let read = tokio::io::AsyncBufReadExt::read_line(&mut reader, &mut head).await;
                    if read.unwrap_or(0) == 0 {
                        return;
                    }
                }
                let answer = answer_to(&head);
                let _ = writer.lock().await.write_all(answer.as_bytes()).await;
                let (writer, late) = (writer.clone(), Duration::from_micros(scatter(&seed) % 30_000));
                tokio::spawn(async move {
                    sleep(late).await;
                    let _ = writer.lock().await.write_all(answer.as_bytes()).await;
                });
            }
        }
    })
    .await
}

#[tokio::test]
async fn late_second_answers_reach_no_call() {
    let origin = answering_twice().await;
    let upstream = Arc::new(upstream(&origin.url(), &HttpSettings::default()));
    let mut callers = JoinSet::new();
    for caller in 0..16 {
        let upstream = upstream.clone();
        callers.spawn(async move {
            for number in 0..100 {
                let target = format!("/{caller}/{number}");
                let answer = within(upstream.call(&get(&target), Finish)).await.unwrap();
                assert_eq!(answer.body(), target.as_bytes());
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test]
async fn late_second_answers_reach_no_caller_of_passthrough() {
    let origin = answering_twice().await;
    let rig = start_before(&origin);
    let mut callers = JoinSet::new();
    for caller in 0..16 {
        let address = rig.address;
        callers.spawn(async move {
            let mut wire = Wire::connect(address).await;
            for number in 0..50 {
                let target = format!("/{caller}/{number}");
                wire.send(format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n")).await;
                assert_eq!(wire.reply().await.content, target);
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
}

/// Answers one request after the other, and sends more once, before the second request arrives.
async fn sending_more_before_the_second_request() -> Origin {
    Origin::start(|mut wire| async move {
        let mut is_first = true;
        while let Some(head) = wire.try_head().await {
            wire.send(answer_to(&head)).await;
            if std::mem::take(&mut is_first) {
                sleep(Duration::from_millis(5)).await; // so that it is not read together with the response
                wire.send(answer_to("GET /evil HTTP/1.1")).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn unexpected_bytes_close_an_idle_connection() {
    let origin = sending_more_before_the_second_request().await;
    let upstream = upstream(&origin.url(), &HttpSettings::default());
    let rig = start_before(&origin);
    for target in ["/1", "/2", "/3"] {
        assert_eq!(within(upstream.call(&get(target), Finish)).await.unwrap().body(), target);
        let reply = rig.ask(&format!("GET {target} HTTP/1.1\r\nhost: a\r\n\r\n")).await;
        assert_eq!(reply.content, target);
        rest().await;
    }
    assert_eq!(origin.accepted(), 6);
}

#[tokio::test]
async fn quiet_connection_to_a_target_is_reused() {
    let origin = Origin::mirror().await;
    let rig = start_before(&origin);
    for _ in 0..3 {
        assert_eq!(rig.ask("GET /x HTTP/1.1\r\nhost: a\r\n\r\n").await.status, 200);
        rest().await;
    }
    assert_eq!(origin.accepted(), 1);
}

/// Refuses every request after its head, without reading the content.
async fn refusing_early() -> Origin {
    Origin::start(|mut wire| async move {
        wire.try_head().await.unwrap();
        wire.send("HTTP/1.1 413 Content Too Large\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbig!").await;
    })
    .await
}

/// Sends everything before it reads, as most callers do.
async fn upload(rig: &Rig, length: usize) -> Reply {
    let mut wire = rig.connect().await;
    wire.send(format!("POST /up HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n")).await;
    for _ in 0..length / 50_000 {
        assert!(wire.try_send([b'z'; 50_000]).await);
    }
    wire.reply().await
}

#[tokio::test]
async fn early_refusal_of_an_upload_reaches_the_caller() {
    let origin = refusing_early().await;
    let rig = start_before(&origin);
    for length in [100_000, 1_000_000, 5_000_000] {
        for _ in 0..10 {
            let reply = upload(&rig, length).await;
            assert_eq!((reply.status, reply.content.as_str()), (413, "big!"), "{length}");
        }
    }
}

#[tokio::test]
async fn early_refusal_of_a_call_is_its_response() {
    let origin = refusing_early().await;
    let upstream = upstream(&origin.url(), &HttpSettings::default());
    for _ in 0..50 {
        let request = Request::post("/up").body(vec![b'z'; 3_000_000].into()).unwrap();
        let answer = within(upstream.call(&request, Finish)).await.unwrap();
        assert_eq!((answer.status().as_u16(), &answer.body()[..]), (413, &b"big!"[..]));
    }
}
