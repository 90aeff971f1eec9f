//! The limits of the server: they apply before the parser's, and a refusal uses the envelope of the operation.

use passbridge::base::bounded::Bounded;

use super::rig::{networks, settings, start};

fn fields(count: usize, length: usize) -> String {
    (0..count).map(|field| format!("x-{field}: {}\r\n", "v".repeat(length))).collect()
}

#[tokio::test]
async fn too_many_header_fields_are_refused() {
    let rig = start(&settings());
    let at_most = rig.ask(&format!("GET /hello HTTP/1.1\r\nhost: a\r\n{}\r\n", fields(99, 1))).await;
    assert_eq!(at_most.status, 200, "99 fields and host");
    let reply = rig.ask(&format!("GET /hello HTTP/1.1\r\nhost: a\r\n{}\r\n", fields(150, 1))).await;
    assert_eq!((reply.status, reply.content.as_str()), (431, "there are too many header fields\n"));
    let beyond_the_parser = rig.ask(&format!("GET /hello HTTP/1.1\r\nhost: a\r\n{}\r\n", fields(900, 1))).await;
    assert_eq!((beyond_the_parser.status, beyond_the_parser.content.as_str()), (431, ""));
}

#[tokio::test]
async fn long_head_is_refused() {
    let rig = start(&settings());
    let reply = rig.ask(&format!("GET /hello HTTP/1.1\r\nhost: a\r\n{}\r\n", fields(17, 1000))).await;
    assert_eq!((reply.status, reply.content.as_str()), (431, "the request head is too long\n"));
    let long = "a".repeat(17 << 10);
    assert_eq!(rig.ask(&format!("GET /{long} HTTP/1.1\r\nhost: a\r\n\r\n")).await.status, 431);
    // An endless head is refused by the parser, whose limit is four times the configured one.
    let endless = fields(70, 1000);
    assert_eq!(rig.ask(&format!("GET /hello HTTP/1.1\r\nhost: a\r\n{endless}")).await.status, 431);
}

#[tokio::test]
async fn limit_refusal_uses_the_operations_envelope() {
    let rig = start(&settings());
    let reply = rig.ask(&format!("GET /enveloped HTTP/1.1\r\nhost: a\r\n{}\r\n", fields(150, 1))).await;
    assert_eq!((reply.status, reply.content.as_str()), (418, "{\"refused\":\"TooManyFields\"}"));
}

#[tokio::test]
async fn request_must_have_exactly_one_host() {
    let rig = start(&settings());
    for hosts in ["", "host: a\r\nhost: b\r\n", "host:\r\n", "host: a b\r\n", "host: u@a\r\n"] {
        let reply = rig.ask(&format!("GET /hello HTTP/1.1\r\n{hosts}\r\n")).await;
        assert_eq!(reply.status, 400, "{hosts:?}");
    }
    assert_eq!(rig.ask("GET /hello HTTP/1.0\r\n\r\n").await.status, 200);
}

#[tokio::test]
async fn connection_above_the_limit_gets_503_while_none_is_idle() {
    let mut settings = settings();
    settings.max_connections = Bounded::nearest(1);
    let rig = start(&settings);
    let mut first = rig.connect().await;
    first.send("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await;
    rig.toy.arrival().await;
    let mut second = rig.connect().await;
    let reply = second.reply().await;
    assert_eq!((reply.status, reply.content.as_str()), (503, "too many connections are open\n"));
    assert_eq!(second.rest().await, "");
    rig.toy.released.add_permits(1);
    assert_eq!(first.reply().await.status, 200);
}

#[tokio::test]
async fn longest_idle_connection_is_closed_for_a_new_one() {
    let mut settings = settings();
    settings.max_connections = Bounded::nearest(3);
    let rig = start(&settings);
    let hello = "GET /hello HTTP/1.1\r\nhost: a\r\n\r\n";
    let (mut first, mut second, mut third) = (rig.connect().await, rig.connect().await, rig.connect().await);
    for wire in [&mut second, &mut third, &mut first] {
        wire.send(hello).await;
        assert_eq!(wire.reply().await.status, 200);
    }
    // Served by hyper, which closes it as well.
    third.send("HEAD /hello HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(third.reply_to("HEAD").await.status, 200);
    let mut fourth = rig.connect().await;
    fourth.send(hello).await;
    assert_eq!(fourth.reply().await.status, 200);
    assert!(second.is_closed().await);
    let mut fifth = rig.connect().await;
    fifth.send(hello).await;
    assert_eq!(fifth.reply().await.status, 200);
    assert!(first.is_closed().await);
    let mut sixth = rig.connect().await;
    sixth.send(hello).await;
    assert_eq!(sixth.reply().await.status, 200);
    assert!(third.is_closed().await);
    fourth.send(hello).await;
    assert_eq!(fourth.reply().await.status, 200);
}

#[tokio::test]
async fn connection_above_the_limit_of_an_address_gets_503() {
    let mut settings = settings();
    settings.max_connections_per_address = Bounded::nearest(1);
    let hello = "GET /hello HTTP/1.1\r\nhost: a\r\n\r\n";
    settings.trusted_proxies = Some(networks(&[]));
    let rig = start(&settings);
    let mut first = rig.connect().await;
    first.send(hello).await;
    assert_eq!(first.reply().await.status, 200);
    let mut second = rig.connect().await;
    assert_eq!(second.reply().await.status, 503);
    first.send(hello).await;
    assert_eq!(first.reply().await.status, 200);
    // A proxy has the connections of many clients, and an undeclared peer may be a proxy.
    for trusted in [Some(networks(&["127.0.0.1"])), None] {
        settings.trusted_proxies = trusted;
        let rig = start(&settings);
        let (mut first, mut second) = (rig.connect().await, rig.connect().await);
        for wire in [&mut first, &mut second] {
            wire.send(hello).await;
            assert_eq!(wire.reply().await.status, 200);
        }
    }
}

#[tokio::test]
async fn request_above_the_limit_gets_503() {
    let mut settings = settings();
    settings.max_requests = Bounded::nearest(1);
    let rig = start(&settings);
    let mut first = rig.connect().await;
    first.send("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await;
    rig.toy.arrival().await;
    let reply = rig.ask("GET /hello HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!((reply.status, reply.content.as_str()), (503, "too many requests are under way\n"));
    assert_eq!(reply.field("retry-after"), Some("1"));
    rig.toy.released.add_permits(1);
    assert_eq!(first.reply().await.status, 200);
    assert_eq!(rig.ask("GET /hello HTTP/1.1\r\nhost: a\r\n\r\n").await.status, 200);
}
