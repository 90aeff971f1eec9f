//! HTTP/1.1 connections: reuse, request IDs, timeouts and panics.

use passbridge::base::bounded::Bounded;
use passbridge::server::lifecycle::{Lifecycle, Phase};
use passbridge::server::passthrough::target_settings::PassthroughSettings;
use passbridge::server::workers::{Server, StartError};

use super::rig::{settings, start};
use super::toy::Toy;

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let rig = start(&settings());
    let mut wire = rig.connect().await;
    for _ in 0..3 {
        wire.send("GET /hello HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let reply = wire.reply().await;
        assert_eq!((reply.status, reply.content.as_str()), (200, "hello"));
        assert_eq!(reply.field("connection"), None);
    }
    wire.send("POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
        .await;
    assert_eq!(wire.reply().await.content, "abc");
}

#[tokio::test]
async fn every_worker_serves() {
    let mut settings = settings();
    settings.workers = Bounded::new(3);
    let rig = start(&settings);
    for _ in 0..30 {
        assert_eq!(rig.ask("GET /hello HTTP/1.1\r\nhost: a\r\n\r\n").await.content, "hello");
    }
}

#[tokio::test]
async fn request_has_peer_address_and_id() {
    let rig = start(&settings());
    let mut wire = rig.connect().await;
    let own = wire.stream.local_addr().unwrap();
    wire.send("GET /who HTTP/1.1\r\nhost: a\r\nx-request-id: trace-1\r\n\r\n").await;
    let reply = wire.reply().await;
    assert_eq!(reply.content, format!("{own} trace-1"));
    assert_eq!(reply.field("x-request-id"), Some("trace-1"));
    wire.send("GET /who HTTP/1.1\r\nhost: a\r\nx-request-id: not a token\r\n\r\n").await;
    let reply = wire.reply().await;
    let id = reply.field("x-request-id").unwrap();
    assert_eq!(reply.content, format!("{own} {id}"));
    assert_eq!(id.len(), 36, "{id}");
}

#[tokio::test]
async fn panic_fails_only_its_request() {
    let rig = start(&settings());
    let mut wire = rig.connect().await;
    wire.send("GET /panic HTTP/1.1\r\nhost: a\r\nx-request-id: boom\r\n\r\n").await;
    let reply = wire.reply().await;
    assert_eq!((reply.status, reply.content.as_str()), (500, "internal error\n"));
    assert_eq!(reply.field("x-request-id"), Some("boom"));
    wire.send("GET /hello HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(wire.reply().await.content, "hello");
}

#[tokio::test]
async fn incomplete_head_closes_the_connection() {
    let mut settings = settings();
    settings.header_timeout_ms = Bounded::nearest(50);
    let rig = start(&settings);
    for begun in ["", "PR", "GET /hello HT", "GET /hello HTTP/1.1\r\nhost: a\r\nx-slow"] {
        let mut wire = rig.connect().await;
        wire.send(begun).await;
        assert_eq!(wire.rest().await, "", "{begun:?}");
    }
}

#[tokio::test]
async fn idle_connection_is_closed() {
    let mut settings = settings();
    settings.header_timeout_ms = Bounded::nearest(500);
    let rig = start(&settings);
    let mut wire = rig.connect().await;
    wire.send("GET /hello HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(wire.reply().await.status, 200);
    assert_eq!(wire.rest().await, "");
}

#[tokio::test]
async fn slow_response_is_not_idle() {
    let mut settings = settings();
    settings.header_timeout_ms = Bounded::nearest(300);
    let rig = start(&settings);
    let mut wire = rig.connect().await;
    wire.send("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await;
    rig.toy.arrival().await;
    tokio::time::sleep(std::time::Duration::from_millis(900)).await; // three times the limit
    rig.toy.released.add_permits(1);
    assert_eq!(wire.reply().await.content, "waited");
}

#[tokio::test]
async fn stalled_content_is_an_error() {
    let mut settings = settings();
    settings.content_timeout_ms = Bounded::nearest(50);
    let rig = start(&settings);
    let reply = rig.ask("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf").await;
    assert_eq!(reply.content, "error: timed out waiting for the content");
}

#[tokio::test]
async fn failed_gateway_build_stops_startup() {
    let lifecycle = Lifecycle::new();
    let server = Server::bind(&settings()).unwrap();
    let none: fn() -> Result<Toy, std::io::Error> = || Err(std::io::Error::other("no database"));
    let error = server.start(&PassthroughSettings::default(), &lifecycle, none).unwrap_err();
    assert!(matches!(&error, StartError::Gateway(cause) if cause.to_string() == "no database"), "{error:?}");
    assert_eq!(lifecycle.phase(), Phase::Draining);
}

#[tokio::test]
async fn worker_failure_at_startup_is_reported() {
    let server = Server::bind(&settings()).unwrap();
    let dies: fn() -> Result<Toy, std::io::Error> = || panic!("the factory panics");
    let error = server.start(&PassthroughSettings::default(), &Lifecycle::new(), dies).unwrap_err();
    assert!(matches!(error, StartError::Panicked), "{error:?}");
}

#[tokio::test]
async fn port_in_use_is_reported_with_its_address() {
    let rig = start(&settings());
    let mut taken = settings();
    taken.listen = rig.address.into();
    for workers in [1, 2] {
        taken.workers = Bounded::new(workers);
        let error = Server::bind(&taken).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot listen on {}", rig.address));
    }
}
