//! Passthrough with targets and callers that hang, disconnect or send wrong lengths.

use passbridge::base::bounded::Bounded;
use passbridge::server::passthrough::target_settings::TargetSettings;

use super::rig::{Origin, everything_to, settings, start_before, start_with, target};

#[tokio::test]
async fn unresponsive_target_is_504() {
    let origin = Origin::start(|mut wire| async move {
        wire.rest().await;
    })
    .await;
    let hasty = TargetSettings { timeout_ms: Bounded::nearest(50), ..target(&origin) };
    let rig = start_with(&settings(), &everything_to(hasty));
    for request in ["GET / HTTP/1.1\r\nhost: a\r\n\r\n", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\na"] {
        let reply = rig.ask(request).await;
        assert_eq!((reply.status, reply.content.as_str()), (504, "the target did not respond in time\n"));
    }
}

#[tokio::test]
async fn target_closing_before_its_head_is_502() {
    for said in [
        "",
        "HTTP/1.1 2",
        "SSH-2.0-OpenSSH\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    ] {
        let origin = Origin::start(move |mut wire| async move {
            wire.try_head().await.unwrap();
            wire.send(said).await;
        })
        .await;
        let rig = start_before(&origin);
        assert_eq!(rig.ask("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.status, 502, "{said:?}");
        assert_eq!(origin.accepted(), 1, "never sent twice: {said:?}");
    }
}

#[tokio::test]
async fn truncated_response_is_not_completed() {
    for (said, seen) in [
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", "4\r\nhalf\r\n"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", "half"),
    ] {
        let origin = Origin::start(move |mut wire| async move {
            wire.try_head().await.unwrap();
            wire.send(said).await;
        })
        .await;
        let rig = start_before(&origin);
        let mut wire = rig.connect().await;
        wire.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        wire.until("\r\n\r\n").await;
        assert_eq!(wire.rest().await, seen);
    }
}

#[tokio::test]
async fn stalled_response_is_cut() {
    let origin = Origin::start(|mut wire| async move {
        wire.try_head().await.unwrap();
        wire.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await;
        wire.rest().await;
    })
    .await;
    let hasty = TargetSettings { content_timeout_ms: Bounded::nearest(50), ..target(&origin) };
    let rig = start_with(&settings(), &everything_to(hasty));
    let mut wire = rig.connect().await;
    wire.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    wire.until("\r\n\r\n").await;
    assert_eq!(wire.rest().await, "half");
}

#[tokio::test]
async fn content_beyond_its_deadline_is_cut_unless_it_is_an_event_stream() {
    let origin = Origin::start(|mut wire| async move {
        let head = wire.try_head().await.unwrap();
        let media_type = if head.contains("/events") { "Text/Event-Stream; charset=utf-8" } else { "text/plain" };
        wire.send(format!("HTTP/1.1 200 OK\r\ncontent-length: 40\r\ncontent-type: {media_type}\r\n\r\n")).await;
        for _ in 0..40 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            wire.send("x").await;
        }
    })
    .await;
    let hasty = TargetSettings { content_deadline_ms: Bounded::nearest(100), ..target(&origin) };
    let rig = start_with(&settings(), &everything_to(hasty));
    for (path, is_complete) in [("/events", true), ("/text", false)] {
        let mut wire = rig.connect().await;
        wire.send(format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")).await;
        wire.until("\r\n\r\n").await;
        assert_eq!(wire.rest().await.len() == 40, is_complete, "{path}");
    }
}

#[tokio::test]
async fn uploaded_content_beyond_its_deadline_is_408() {
    let origin = Origin::start(|mut wire| async move {
        wire.rest().await;
    })
    .await;
    let hasty = TargetSettings { content_deadline_ms: Bounded::nearest(100), ..target(&origin) };
    let rig = start_with(&settings(), &everything_to(hasty));
    let mut wire = rig.connect().await;
    wire.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n").await;
    for _ in 0..15 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        wire.send("x").await;
    }
    assert_eq!(wire.reply().await.status, 408);
}

#[tokio::test]
async fn stalled_request_content_is_408() {
    let origin = Origin::start(|mut wire| async move {
        wire.rest().await;
    })
    .await;
    let mut hasty = settings();
    hasty.content_timeout_ms = Bounded::nearest(50);
    let rig = start_with(&hasty, &everything_to(target(&origin)));
    let reply = rig.ask("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf").await;
    assert_eq!((reply.status, reply.content.as_str()), (408, "timed out waiting for the content\n"));
}

#[tokio::test]
async fn broken_request_framing_is_400() {
    let origin = Origin::start(|mut wire| async move {
        wire.rest().await;
    })
    .await;
    let rig = start_before(&origin);
    let reply = rig.ask("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\nzz\r\n").await;
    assert_eq!((reply.status, reply.content.as_str()), (400, "the content is incomplete\n"));
}
