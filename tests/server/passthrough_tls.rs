//! Targets that speak TLS: HTTP/2 where they offer it, HTTP/1.1 where an upgrade is asked for.

use passbridge::server::passthrough::settings::TargetSettings;

use super::rig::{everything_to, settings, start_with};
use super::upstream_tls::tls_server;

#[tokio::test]
async fn http2_target_is_reached_and_upgrade_uses_http1() {
    let server = tls_server(&["h2", "http/1.1"]).await;
    let url = format!("https://127.0.0.1:{}", server.address.port()).parse().unwrap();
    let target = TargetSettings { upgrade: true, ca_file: Some(server.ca_file.clone()), ..TargetSettings::to(url) };
    let rig = start_with(&settings(), &everything_to(target));

    let plain = rig.ask("GET /x HTTP/1.1\r\nhost: a\r\nte: trailers\r\nconnection: te, x-a\r\nx-a: b\r\n\r\n").await;
    assert_eq!((plain.status, plain.content.as_str()), (200, "HTTP/2.0 \"/x\""));
    let upgrade = rig.ask("GET /x HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n").await;
    assert_eq!((upgrade.status, upgrade.content.as_str()), (200, "HTTP/1.1 \"/x\""));
    let posted = rig.ask("POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n").await;
    assert_eq!((posted.status, posted.content.as_str()), (200, "HTTP/2.0 \"/x\""));
}

#[tokio::test]
async fn untrusted_target_certificate_is_502() {
    let (server, other) = (tls_server(&["h2"]).await, tls_server(&["h2"]).await);
    let url = format!("https://127.0.0.1:{}", server.address.port()).parse().unwrap();
    let target = TargetSettings { ca_file: Some(other.ca_file.clone()), ..TargetSettings::to(url) };
    let rig = start_with(&settings(), &everything_to(target));
    assert_eq!(rig.ask("GET /x HTTP/1.1\r\nhost: a\r\n\r\n").await.status, 502);
}
