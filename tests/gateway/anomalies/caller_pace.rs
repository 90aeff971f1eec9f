//! Callers that are slow, stop in the middle, or leave.

use crate::anomalies::pairs::{assert_refused, options, serves, tables};
use kit::gateway::Gateway;
use kit::passkey::{assertion, begin, finish_with};
use kit::provider::Provider::{self, Streambird};
use kit::rogue::{Reaction, Rogue};
use kit::wire::{Wire, head_of};

const SESSION: Option<&str> = Some("47c10dd3-7e10-4950-95d5-483dbc9508e6");

#[tokio::test]
async fn unfinished_head_times_out() {
    let rogue = Rogue::start(Reaction::answers(options(Streambird))).await;
    let tables = tables(Streambird, &rogue.base_url(), "");
    let gateway = Gateway::start_with("header_timeout_ms = 100", &tables).await;
    let head = head_of(&begin(Streambird), "content-length: 9\r\n");
    for bytes in ["", "P", "POST /v1/auth", &head[..head.len() - 2], &head[..head.len() - 1]] {
        let mut wire = Wire::connect(gateway.address).await;
        wire.send(bytes).await;
        if let Some(answer) = wire.response().await {
            assert_eq!(answer.status, 408, "{answer:?}");
        }
        assert!(wire.is_closed().await, "{bytes:?}");
    }
    serves(&gateway, Streambird).await;
}

#[tokio::test]
async fn missing_content_times_out_with_the_dialects_fault() {
    for dialect in Provider::ALL {
        let rogue = Rogue::start(Reaction::answers(options(dialect))).await;
        let tables = tables(dialect, &rogue.base_url(), "") + "[limits]\ncontent_deadline_ms = 300\n";
        let gateway = Gateway::start(&tables).await;
        let finish = finish_with(dialect, &assertion(b"a challenge"), SESSION);
        let head = head_of(&finish, &format!("content-length: {}\r\n", finish.content.len()));
        for sent in [0, 1, finish.content.len() - 1] {
            let mut wire = Wire::connect(gateway.address).await;
            wire.send([head.as_bytes(), &finish.content[..sent]].concat()).await;
            let answer = wire.response().await.unwrap();
            assert_refused(&gateway, dialect, &answer, "invalid_request", "too slow").await;
            assert!(wire.is_closed().await, "the rest of the content must not be read as a request");
        }
        assert_eq!(rogue.requests().len(), 0);
        serves(&gateway, dialect).await;
    }
}

#[tokio::test]
async fn truncated_content_is_not_forwarded() {
    for dialect in Provider::ALL {
        let rogue = Rogue::start(Reaction::answers(options(dialect))).await;
        let gateway = Gateway::start(&tables(dialect, &rogue.base_url(), "")).await;
        let finish = finish_with(dialect, &assertion(b"a challenge"), SESSION);
        let head = head_of(&finish, &format!("content-length: {}\r\n", finish.content.len()));
        for sent in [0, 1, finish.content.len() - 1] {
            let mut wire = Wire::connect(gateway.address).await;
            wire.send([head.as_bytes(), &finish.content[..sent]].concat()).await;
            wire.finish_sending().await;
            if let Some(answer) = wire.response().await {
                assert_refused(&gateway, dialect, &answer, "invalid_request", "breaks off").await;
            }
            let mut wire = Wire::connect(gateway.address).await;
            wire.send([head.as_bytes(), &finish.content[..sent]].concat()).await;
            wire.reset();
        }
        assert_eq!(rogue.requests().len(), 0);
        serves(&gateway, dialect).await;
    }
}

#[tokio::test]
async fn idle_connections_above_the_limit_are_released() {
    let rogue = Rogue::start(Reaction::answers(options(Streambird))).await;
    let tables = tables(Streambird, &rogue.base_url(), "");
    let gateway = Gateway::start_with("max_connections = 8\nheader_timeout_ms = 200", &tables).await;
    let mut idle = Vec::new();
    for _ in 0..32 {
        idle.push(Wire::connect(gateway.address).await);
    }
    for wire in &mut idle {
        if let Some(answer) = wire.response().await {
            assert!(matches!(answer.status, 408 | 503), "{answer:?}");
        }
    }
    serves(&gateway, Streambird).await;
}
