//! Passthrough: the target of a request, and its head.

use std::net::TcpListener;

use passbridge::server::passthrough::target_settings::{HostPattern, PassthroughSettings, Target, TargetSettings};
use passbridge::server::server_settings::ServerSettings;

use super::rig::{Origin, everything_to, field, networks, settings, start, start_before, start_with, target};

#[tokio::test]
async fn missing_target_names_the_config_key() {
    let rig = start(&settings());
    let reply = rig.ask("POST /else HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc").await;
    assert_eq!(reply.status, 404);
    assert_eq!(reply.content, "no operation matches, and [passthrough] has no target for this host\n");
}

#[tokio::test]
async fn host_selects_the_target() {
    let (named, any) = (
        Origin::sending("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nnamed").await,
        Origin::sending("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nany").await,
    );
    let to = |host: &str, origin| (HostPattern::new(host).unwrap(), Target(target(origin)));
    let both = PassthroughSettings([to("API.example", &named), to("*", &any)].into());
    let rig = start_with(&settings(), &both);
    for (host, content) in [("api.example", "named"), ("Api.Example:8443", "named"), ("b.example", "any")] {
        let reply = rig.ask(&format!("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n")).await;
        assert_eq!(reply.content, content, "{host}");
    }
    let absolute = rig.ask("GET http://api.example/ HTTP/1.1\r\nhost: b.example\r\n\r\n").await;
    assert_eq!(absolute.content, "named");
    assert_eq!(rig.ask("GET / HTTP/1.0\r\n\r\n").await.content, "any");

    let only_named = start_with(&settings(), &PassthroughSettings([to("api.example", &named)].into()));
    assert_eq!(only_named.ask("GET / HTTP/1.1\r\nhost: b.example\r\n\r\n").await.status, 404);
}

#[tokio::test]
async fn unusual_request_targets_are_forwarded_unchanged() {
    let origin = Origin::mirror().await;
    let rig = start_before(&origin);
    for path in [
        "/",
        "/?",
        "//x//y/",
        "/a%2Fb%2e%C3%BC",
        "/a;b=c/@me:8",
        "/a?x=%27&&y=/../?z=%00",
        "/~a!$&'()*+,=",
        "/a?b=[c]{d}|`",
    ] {
        let reply = rig.ask(&format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n")).await;
        assert_eq!(reply.content.lines().next(), Some(format!("GET {path} HTTP/1.1").as_str()), "{}", reply.content);
    }
}

#[tokio::test]
async fn request_target_that_would_change_is_refused() {
    let origin = Origin::mirror().await;
    let rig = start_before(&origin);
    for path in ["/a/../b", "/a/%2e%2E/b", "/./a", "/a\\b", "/a?q='", "/a?q=<b>", "/ü", "*"] {
        let reply = rig.ask(&format!("OPTIONS {path} HTTP/1.1\r\nhost: a\r\n\r\n")).await;
        assert_eq!(reply.status, 400, "{path}: {}", reply.content);
    }
    assert_eq!(origin.accepted(), 0);
}

#[tokio::test]
async fn hop_by_hop_request_fields_are_removed() {
    let origin = Origin::mirror().await;
    let rig = start_before(&origin);
    let sent = rig
        .ask(
            "GET /x HTTP/1.1\r\nhost: api.example:8080\r\nconnection: keep-alive, X-Named\r\nx-named: 1\r\n\
             keep-alive: timeout=5\r\nproxy-connection: keep-alive\r\nproxy-authorization: Basic x\r\n\
             te: deflate\r\nupgrade: h2c\r\nhttp2-settings: x\r\nexpect: 100-continue\r\n\
             cookie: a=b\r\ncookie: c=d\r\naccept-encoding: br\r\nx-forwarded-for: 203.0.113.1\r\n\
             x-forwarded-proto: https\r\nvia: 1.1 front\r\nx-request-id: trace-7\r\n\r\n",
        )
        .await
        .content;
    for gone in ["connection", "x-named", "keep-alive", "proxy-connection", "proxy-authorization", "te", "upgrade"] {
        assert_eq!(field(&sent, gone), None, "{sent}");
    }
    for gone in ["http2-settings", "expect", "transfer-encoding", "content-length", "referer", "user-agent"] {
        assert_eq!(field(&sent, gone), None, "{sent}");
    }
    assert_eq!(field(&sent, "host"), Some(origin.address.to_string().as_str()));
    assert!(sent.contains("cookie: a=b\r\ncookie: c=d\r\n"), "{sent}");
    assert_eq!(field(&sent, "accept-encoding"), Some("br"));
    assert_eq!(field(&sent, "x-request-id"), Some("trace-7"));
    assert_eq!(field(&sent, "x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(field(&sent, "x-forwarded-proto"), Some("http"));
    assert_eq!(field(&sent, "x-forwarded-host"), Some("api.example:8080"));
    assert_eq!(field(&sent, "forwarded"), Some("for=127.0.0.1;host=\"api.example:8080\";proto=http"));
    assert_eq!(field(&sent, "via"), Some("1.1 front, 1.1 passbridge"));
}

#[tokio::test]
async fn hop_by_hop_response_fields_are_removed() {
    let origin = Origin::sending(
        "HTTP/1.1 302 Found\r\nconnection: close, x-named\r\nx-named: 1\r\nkeep-alive: timeout=5\r\n\
         proxy-authenticate: Basic\r\nupgrade: h2c\r\nset-cookie: a=b\r\nset-cookie: c=d\r\nlocation: /b\r\n\
         content-encoding: gzip\r\ndate: Mon, 01 Jan 2024 00:00:00 GMT\r\ncontent-length: 4\r\n\r\nzip!",
    )
    .await;
    let rig = start_before(&origin);
    let reply = rig.ask("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!((reply.status, reply.content.as_str()), (302, "zip!"));
    for gone in ["connection", "x-named", "keep-alive", "proxy-authenticate", "upgrade"] {
        assert_eq!(reply.field(gone), None, "{}", reply.head);
    }
    assert!(reply.head.contains("set-cookie: a=b\r\nset-cookie: c=d\r\n"), "{}", reply.head);
    assert_eq!(reply.field("location"), Some("/b"));
    assert_eq!(reply.field("content-encoding"), Some("gzip"));
    assert_eq!(reply.field("date"), Some("mon, 01 jan 2024 00:00:00 gmt"));
    assert!(reply.field("x-request-id").is_some());
}

#[tokio::test]
async fn http2_callers_reach_http1_targets() {
    let origin = Origin::mirror().await;
    let rig = start_before(&origin);
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let sent = client.get(format!("http://{}/x?y", rig.address)).send().await.unwrap().text().await.unwrap();
    assert!(sent.starts_with("GET /x?y HTTP/1.1\r\n"), "{sent}");
    assert_eq!(field(&sent, "host"), Some(origin.address.to_string().as_str()));
    assert_eq!(field(&sent, "x-forwarded-host"), Some(rig.address.to_string().as_str()));
    assert_eq!(field(&sent, "via"), Some("2.0 passbridge"));
}

#[tokio::test]
async fn unreachable_target_is_502() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nowhere = TargetSettings::to(format!("http://{closed}").parse().unwrap());
    let rig = start_with(&settings(), &everything_to(nowhere));
    let reply = rig.ask("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!((reply.status, reply.content.as_str()), (502, "the target could not be reached\n"));
}

#[tokio::test]
async fn forwarding_fields_of_a_trusted_proxy_are_kept() {
    let origin = Origin::mirror().await;
    let trusting = ServerSettings { trusted_proxies: Some(networks(&["127.0.0.0/8"])), ..settings() };
    let rig = start_with(&trusting, &everything_to(target(&origin)));
    let sent = rig
        .ask(
            "GET /x HTTP/1.1\r\nhost: inner.example\r\nx-forwarded-for: 198.51.100.9, 203.0.113.7\r\n\
             x-forwarded-proto: https\r\nx-forwarded-host: app.example\r\n\r\n",
        )
        .await
        .content;
    assert_eq!(field(&sent, "x-forwarded-for"), Some("203.0.113.7, 127.0.0.1"));
    assert_eq!(field(&sent, "x-forwarded-proto"), Some("https"));
    assert_eq!(field(&sent, "x-forwarded-host"), Some("app.example"));
    let forwarded = "for=203.0.113.7;host=\"app.example\";proto=https, for=127.0.0.1";
    assert_eq!(field(&sent, "forwarded"), Some(forwarded));
}

#[tokio::test]
async fn forwarded_host_of_a_trusted_proxy_does_not_select_the_target() {
    let origin = Origin::mirror().await;
    let only_named = PassthroughSettings([(HostPattern::new("app.example").unwrap(), Target(target(&origin)))].into());
    let trusting = ServerSettings { trusted_proxies: Some(networks(&["127.0.0.1"])), ..settings() };
    let rig = start_with(&trusting, &only_named);
    let reply = rig.ask("GET / HTTP/1.1\r\nhost: other.example\r\nx-forwarded-host: app.example\r\n\r\n").await;
    assert_eq!((reply.status, origin.accepted()), (404, 0));
}
