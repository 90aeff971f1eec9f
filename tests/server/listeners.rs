//! Listeners: several addresses, IPv6, Unix sockets, and sockets that another process opened.

use std::fs;
use std::path::Path;

use passbridge::server::listen_address::ListenAddresses;
use passbridge::server::server_settings::ServerSettings;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::rig::{Origin, Rig, Wire, everything_to, settings, start, start_with, target, within};

fn listening_on(addresses: &[&str]) -> ServerSettings {
    let addresses: Vec<_> = addresses.iter().map(|address| serde_json::json!(address)).collect();
    let listen: ListenAddresses = serde_json::from_value(addresses.into()).unwrap();
    ServerSettings { listen, ..settings() }
}

fn unix(path: &Path) -> String {
    format!("unix:{}", path.display())
}

/// The answer to requests on a Unix socket, up to its end.
async fn ask(path: &Path, requests: &str) -> String {
    let mut stream = UnixStream::connect(path).await.unwrap();
    stream.write_all(requests.as_bytes()).await.unwrap();
    let mut answer = String::new();
    within(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

async fn stopped(rig: Rig) {
    rig.lifecycle.stop();
    within(rig.running.drained()).await.unwrap();
}

#[tokio::test]
async fn every_address_is_served_by_every_worker() {
    let mut settings = listening_on(&["127.0.0.1:0", "[::1]:0", "127.0.0.1:0"]);
    settings.workers = passbridge::base::bounded::Bounded::new(2);
    let rig = start(&settings);
    assert_eq!(rig.addresses.len(), 3);
    assert!(rig.addresses[1].starts_with("[::1]:"), "{:?}", rig.addresses);
    for address in &rig.addresses {
        for _ in 0..4 {
            let mut wire = Wire::connect(address.parse().unwrap()).await;
            wire.send("GET /hello HTTP/1.1\r\nhost: a\r\n\r\n").await;
            assert_eq!(wire.reply().await.status, 200);
        }
    }
    stopped(rig).await;
}

#[tokio::test]
async fn unspecified_addresses_of_both_families_share_a_port() {
    let first = start(&listening_on(&["0.0.0.0:0"]));
    let port = first.address.port();
    let second = start(&listening_on(&[&format!("[::]:{port}")]));
    assert_eq!(second.address.port(), port);
    stopped(second).await;
    stopped(first).await;
}

#[tokio::test]
async fn unix_socket_serves_both_paths_and_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("http.sock");
    let rig = start(&listening_on(&[&unix(&path)]));
    assert_eq!(rig.addresses, [unix(&path)]);
    assert_eq!(rig.address.port(), 0);
    let simple = ask(&path, "GET /hello HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    assert!(simple.starts_with("HTTP/1.1 200"), "{simple}");
    let chunked = "POST /hello HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    let by_hyper = ask(&path, chunked).await;
    assert!(by_hyper.starts_with("HTTP/1.1 200"), "{by_hyper}");
    stopped(rig).await;
    assert!(!path.exists());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_caller_on_a_unix_socket_has_no_address() {
    let origin = Origin::mirror().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("http.sock");
    let rig = start_with(&listening_on(&[&unix(&path)]), &everything_to(target(&origin)));
    let seen = ask(&path, "GET /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    assert!(seen.contains("x-forwarded-for: unknown\r\n"), "{seen}");
    stopped(rig).await;
}

#[test]
fn a_used_unix_socket_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("http.sock");
    let _used = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let error = passbridge::server::workers::Server::bind(&listening_on(&[&unix(&path)])).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot listen on {}", unix(&path)));
    assert!(path.exists());
}

#[test]
fn invalid_addresses_are_refused() {
    let read = |value: serde_json::Value| serde_json::from_value::<ListenAddresses>(value).unwrap_err().to_string();
    for (value, expected) in [
        (serde_json::json!("localhost"), "an address and port"),
        (serde_json::json!([]), "must not be empty"),
        (serde_json::json!(["127.0.0.1:1", "127.0.0.1:1"]), "twice"),
        (serde_json::json!("unix:http.sock"), "absolute path"),
        (serde_json::json!("systemd:"), "must have a name"),
        (serde_json::json!([{ "address": "127.0.0.1:1", "mode": "660" }]), "must not have `mode`"),
        (serde_json::json!([{ "address": "unix:/run/http.sock", "mode": "888" }]), "octal digits"),
        (serde_json::json!([{ "adress": "127.0.0.1:1" }]), "unknown field"),
    ] {
        let error = read(value.clone());
        assert!(error.contains(expected), "{value}: {error}");
    }
}
