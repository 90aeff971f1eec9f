//! The PROXY protocol over sockets.

use passbridge::base::bounded::Bounded;
use passbridge::server::server_settings::ServerSettings;
use serde_json::json;

use super::rig::{Origin, Rig, everything_to, field, networks, settings, start_with, target};

const WHO: &str = "GET /who HTTP/1.1\r\nhost: a\r\nx-request-id: r\r\n\r\n";
const SENT: &str = "PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n";

fn behind(proxies: &[&str]) -> ServerSettings {
    let listen = json!([{ "address": "127.0.0.1:0", "proxy_protocol": true }]);
    ServerSettings {
        listen: serde_json::from_value(listen).unwrap(),
        trusted_proxies: Some(networks(proxies)),
        ..settings()
    }
}

fn start(settings: &ServerSettings) -> Rig {
    super::rig::start(settings)
}

#[tokio::test]
async fn header_replaces_the_peer_of_every_request() {
    let rig = start(&behind(&["127.0.0.1"]));
    let mut wire = rig.connect().await;
    for part in SENT.as_bytes().chunks(9) {
        wire.send(part).await;
    }
    for _ in 0..2 {
        wire.send(WHO).await;
        assert_eq!(wire.reply().await.content, "203.0.113.7:4711 r");
    }
    let mut check = rig.connect().await;
    check.send(format!("PROXY UNKNOWN\r\n{}", WHO.replace("/who", "/hello"))).await;
    assert_eq!(check.reply().await.content, "hello");
}

#[tokio::test]
async fn connection_without_a_header_or_from_another_peer_is_closed() {
    let rig = start(&behind(&["127.0.0.1"]));
    let mut wire = rig.connect().await;
    wire.send(WHO).await;
    assert!(wire.is_closed().await);
    let mut silent = behind(&["127.0.0.1"]);
    silent.header_timeout_ms = Bounded::nearest(50);
    let rig = start(&silent);
    assert!(rig.connect().await.is_closed().await);
    let rig = start(&behind(&["10.0.0.0/8"]));
    let mut wire = rig.connect().await;
    wire.try_send(format!("{SENT}{WHO}")).await;
    assert!(wire.is_closed().await);
}

#[tokio::test]
async fn header_is_no_part_of_a_request_without_the_protocol() {
    let rig = start(&ServerSettings { trusted_proxies: Some(networks(&["127.0.0.1"])), ..settings() });
    let mut wire = rig.connect().await;
    wire.send(format!("{SENT}{WHO}")).await;
    assert_eq!(wire.reply().await.status, 400);
}

#[tokio::test]
async fn forwarding_fields_count_only_if_the_named_peer_is_trusted() {
    let origin = Origin::mirror().await;
    let rig = start_with(&behind(&["127.0.0.1", "10.0.0.0/8"]), &everything_to(target(&origin)));
    for (peer, expected) in [("203.0.113.7", "203.0.113.7"), ("10.0.0.5", "198.51.100.9, 10.0.0.5")] {
        let mut wire = rig.connect().await;
        let request = "GET /x HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 198.51.100.9\r\n\r\n";
        wire.send(format!("PROXY TCP4 {peer} 192.0.2.1 4711 80\r\n{request}")).await;
        let sent = wire.reply().await.content;
        assert_eq!(field(&sent, "x-forwarded-for"), Some(expected));
    }
}

#[tokio::test]
async fn connections_are_counted_by_the_named_peer() {
    let limited = ServerSettings { max_connections_per_address: Bounded::nearest(1), ..behind(&["127.0.0.1"]) };
    let rig = start(&limited);
    let mut wires = Vec::new();
    for (peer, status) in [("203.0.113.7", 200), ("203.0.113.7", 503), ("203.0.113.8", 200)] {
        let mut wire = rig.connect().await;
        wire.send(format!("{}{WHO}", SENT.replace("203.0.113.7", peer))).await;
        assert_eq!(wire.reply().await.status, status, "{peer}");
        wires.push(wire);
    }
}
