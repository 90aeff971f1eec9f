//! Slow upstreams, and callers that do not wait for them.

use crate::anomalies::pairs::{options, refuses, serves, tables};
use kit::gateway::Gateway;
use kit::passkey::begin;
use kit::provider::Provider::{self, Quiva, Streambird};
use kit::rogue::{Reaction, Rogue};
use kit::wire::{Wire, head_of};
use kit::within;

#[tokio::test]
async fn stalled_upstream_times_out_at_any_point() {
    for dialect in Provider::ALL {
        let rogue = Rogue::start(Reaction::sends("")).await;
        let limits = "timeout_ms = 100\nbreaker_failures = 0";
        let gateway = Gateway::start(&tables(dialect, &rogue.base_url(), limits)).await;
        let cases = [
            ("before the head", ""),
            ("within the head", "HTTP/1.1 200 OK\r\ncontent-le"),
            ("before the content", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"),
            ("within the content", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"a\":"),
            ("between chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n"),
            ("after early hints", "HTTP/1.1 103 Early Hints\r\n\r\n"),
        ];
        for (index, (case, bytes)) in cases.into_iter().enumerate() {
            rogue.does(Reaction::SendsAndHangs(bytes.into()));
            refuses(&gateway, dialect, &begin(dialect), "upstream_timeout", case).await;
            assert!(rogue.requests().len() <= index + 1, "{case}: it is not sent again");
        }
    }
}

#[tokio::test]
async fn endless_early_hints_time_out() {
    let rogue = Rogue::start(Reaction::Floods(Vec::new(), b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(512))).await;
    let gateway = Gateway::start(&tables(Quiva, &rogue.base_url(), "timeout_ms = 100")).await;
    refuses(&gateway, Quiva, &begin(Quiva), "upstream_timeout", "early hints without an end").await;
    rogue.does(Reaction::answers(options(Quiva)));
    serves(&gateway, Quiva).await;
}

#[tokio::test]
async fn breaker_opens_after_failures_and_closes_after_a_probe() {
    for dialect in Provider::ALL {
        let rogue = Rogue::start(Reaction::sends("")).await;
        let limits = "breaker_failures = 3\nbreaker_cooldown_ms = 100";
        let gateway = Gateway::start(&tables(dialect, &rogue.base_url(), limits)).await;
        for _ in 0..3 {
            refuses(&gateway, dialect, &begin(dialect), "upstream_invalid", "breaks off").await;
        }
        rogue.does(Reaction::answers(options(dialect)));
        // The cool-down may be over already, so the first request may succeed.
        within(async {
            while gateway.ask(&begin(dialect)).await.text().contains("reached") {
                assert_eq!(rogue.requests().len(), 3, "nothing is sent while it cools down");
            }
        })
        .await;
        rogue.does(Reaction::answers(options(dialect)));
        serves(&gateway, dialect).await;
        assert_eq!(rogue.requests().len(), 5);
    }
}

#[tokio::test]
async fn disconnected_caller_cancels_the_upstream_call() {
    let rogue = Rogue::start(Reaction::SendsAndHangs(Vec::new())).await;
    let limits = "max_in_flight = 1\nmax_waiting = 0\ntimeout_ms = 60000";
    let gateway = Gateway::start(&tables(Streambird, &rogue.base_url(), limits)).await;
    for round in 1..=5 {
        rogue.does(Reaction::SendsAndHangs(Vec::new()));
        let mut wire = Wire::connect(gateway.address).await;
        let request = begin(Streambird);
        let head = head_of(&request, &format!("content-length: {}\r\n", request.content.len()));
        wire.send([head.as_bytes(), &request.content].concat()).await;
        rogue.wait_for(2 * round - 1).await;
        wire.reset();
        rogue.does(Reaction::answers(options(Streambird)));
        // The slot becomes free once the gateway notices the disconnect.
        within(async { while gateway.ask(&begin(Streambird)).await.status == 503 {} }).await;
        assert_eq!(rogue.requests().len(), 2 * round);
    }
}

#[tokio::test]
async fn server_errors_for_one_caller_do_not_close_the_upstream_to_others() {
    for dialect in Provider::ALL {
        let rogue =
            Rogue::start(Reaction::sends("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n")).await;
        let gateway = Gateway::start(&tables(dialect, &rogue.base_url(), "breaker_failures = 3")).await;
        for _ in 0..30 {
            refuses(&gateway, dialect, &begin(dialect), "upstream_failed", "500").await;
        }
        rogue.does(Reaction::answers(options(dialect)));
        serves(&gateway, dialect).await;
    }
}
