//! WebSocket connections through the passthrough, where the target enables them.

use passbridge::base::bounded::Bounded;
use passbridge::server::passthrough::target_settings::TargetSettings;
use passbridge::server::server_settings::ServerSettings;
use passbridge::server::workers::Drained;
use tokio::io::AsyncWriteExt;

use super::rig::{Origin, Rig, everything_to, field, settings, start_with, target, within};

const ASK: &str = "GET /socket HTTP/1.1\r\nhost: a\r\nconnection: keep-alive, Upgrade\r\nupgrade: WebSocket\r\n\
                   sec-websocket-key: k\r\n\r\n";
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
                      sec-websocket-accept: s\r\n\r\n";

/// Switches protocols on request and then sends everything twice.
async fn echo() -> Origin {
    Origin::start(|mut wire| async move {
        let head = wire.try_head().await.unwrap();
        if field(&head, "upgrade").is_none() {
            wire.send("HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n").await;
            return;
        }
        assert_eq!(field(&head, "upgrade"), Some("websocket"), "{head}");
        assert_eq!(field(&head, "connection"), Some("upgrade"), "{head}");
        assert_eq!(field(&head, "sec-websocket-key"), Some("k"), "{head}");
        wire.send(SWITCH).await;
        while let Some(line) = wire.try_until("\n").await {
            wire.send(&line.repeat(2)).await;
        }
        wire.send("bye").await;
    })
    .await
}

fn carrying(origin: &Origin) -> Rig {
    carrying_within(&settings(), origin)
}

fn carrying_within(settings: &ServerSettings, origin: &Origin) -> Rig {
    start_with(settings, &everything_to(TargetSettings { upgrade: true, ..target(origin) }))
}

#[tokio::test]
async fn bytes_pass_both_ways_after_101() {
    let rig = carrying(&echo().await);
    let mut wire = rig.connect().await;
    wire.send(ASK).await;
    let reply = wire.reply().await;
    assert_eq!(reply.status, 101);
    assert_eq!((reply.field("connection"), reply.field("upgrade")), (Some("upgrade"), Some("websocket")));
    assert_eq!(reply.field("sec-websocket-accept"), Some("s"));
    for said in ["one\n", "two\n"] {
        wire.send(said).await;
        assert_eq!(wire.exactly(8).await, said.repeat(2));
    }
    // A half-close is forwarded, and the other side may still send.
    wire.stream.shutdown().await.unwrap();
    assert_eq!(wire.rest().await, "bye");
    rig.lifecycle.stop();
    assert_eq!(within(rig.running.drained()).await.unwrap(), Drained { cut: 0 });
}

#[tokio::test]
async fn bytes_sent_with_the_upgrade_request_are_forwarded() {
    let rig = carrying(&echo().await);
    let mut wire = rig.connect().await;
    wire.send(&format!("{ASK}early\n")).await;
    assert_eq!(wire.reply().await.status, 101);
    assert_eq!(wire.exactly(12).await, "early\nearly\n");
}

#[tokio::test]
async fn upgrade_is_removed_where_not_enabled() {
    let origin = echo().await;
    let rig = start_with(&settings(), &everything_to(target(&origin)));
    assert_eq!(rig.ask(ASK).await.status, 426);
    let rig = carrying(&origin);
    for asked in ["upgrade: h2c\r\nconnection: upgrade", "upgrade: websocket", "connection: upgrade"] {
        let reply = rig.ask(&format!("GET / HTTP/1.1\r\nhost: a\r\n{asked}\r\nsec-websocket-key: k\r\n\r\n")).await;
        assert_eq!(reply.status, 426, "{asked}");
    }
    let posted = ASK.replace("GET", "POST");
    assert_eq!(rig.ask(&posted).await.status, 426);
}

#[tokio::test]
async fn target_may_refuse_the_upgrade() {
    let rig = carrying(&Origin::sending("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno").await);
    let reply = rig.ask(ASK).await;
    assert_eq!((reply.status, reply.content.as_str()), (403, "no"));
}

#[tokio::test]
async fn switch_to_another_protocol_is_502() {
    let other = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: chess\r\n\r\n";
    let rig = carrying(&Origin::sending(other).await);
    assert_eq!(rig.ask(ASK).await.status, 502);
}

#[tokio::test]
async fn drain_cuts_and_counts_upgraded_connections() {
    let mut hasty = settings();
    hasty.drain_timeout_ms = Bounded::nearest(50);
    let rig = carrying_within(&hasty, &echo().await);
    let mut wire = rig.connect().await;
    wire.send(ASK).await;
    assert_eq!(wire.reply().await.status, 101);
    wire.send("one\n").await;
    wire.exactly(8).await;
    rig.lifecycle.stop();
    assert_eq!(within(rig.running.drained()).await.unwrap(), Drained { cut: 1 });
    assert_eq!(wire.rest().await, "");
}

#[tokio::test]
async fn upgraded_connection_keeps_its_permit() {
    let origin = echo().await;
    let mut one = settings();
    one.max_connections = Bounded::nearest(1);
    let rig = carrying_within(&one, &origin);
    let mut wire = rig.connect().await;
    wire.send(ASK).await;
    assert_eq!(wire.reply().await.status, 101);
    wire.send("one\n").await;
    wire.exactly(8).await;
    assert_eq!(rig.connect().await.reply().await.status, 503);
}
