//! The fast path, and its handover to hyper: no request is lost or answered twice.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpSocket;
use tokio::time::sleep;

use super::rig::{Origin, Wire, settings, start, start_before, within};

const HELLO: &str = "GET /hello HTTP/1.1\r\nhost: a\r\n\r\n";
/// Hands its connection over to hyper.
const CHUNKED: &str = "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n";

#[tokio::test]
async fn fast_path_and_hyper_requests_are_answered_in_order() {
    let rig = start(&settings());
    let mut wire = rig.connect().await;
    let plain = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\none";
    wire.send(&format!("{HELLO}{plain}{CHUNKED}{HELLO}{plain}")).await;
    for content in ["hello", "one", "two", "hello", "one"] {
        let reply = wire.reply().await;
        assert_eq!((reply.status, reply.content.as_str()), (200, content));
        assert!(reply.field("date").is_some() && reply.field("content-length").is_some(), "{}", reply.head);
    }
}

#[tokio::test]
async fn fragmented_request_is_served() {
    let rig = start(&settings());
    let mut wire = rig.connect().await;
    for piece in ["POST /ec", "ho HTTP/1.1\r\nhost: a\r\ncontent-", "length: 6\r\n\r\n", "abc", "def"] {
        wire.send(piece).await;
        sleep(Duration::from_millis(20)).await; // so that it is read by itself
    }
    assert_eq!(wire.reply().await.content, "abcdef");
    wire.send(HELLO).await;
    assert_eq!(wire.reply().await.content, "hello");
}

#[tokio::test]
async fn late_remainder_of_a_request_is_read() {
    let rig = start(&settings());
    let mut wire = rig.connect().await;
    wire.send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\nabc").await;
    sleep(Duration::from_millis(1_500)).await; // longer than the fast path waits
    wire.send("def").await;
    assert_eq!(wire.reply().await.content, "abcdef");
}

#[tokio::test]
async fn pipelined_bytes_become_the_next_request() {
    let rig = start(&settings());
    let mut wire = rig.connect().await;
    wire.send("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await;
    rig.toy.arrival().await;
    wire.send(HELLO).await;
    sleep(Duration::from_millis(20)).await;
    rig.toy.released.add_permits(1);
    assert_eq!(wire.reply().await.content, "waited");
    assert_eq!(wire.reply().await.content, "hello");
}

#[tokio::test]
async fn connection_close_is_honoured() {
    let rig = start(&settings());
    let mut wire = rig.connect().await;
    wire.send(&format!("GET /hello HTTP/1.1\r\nhost: a\r\nconnection: Close\r\n\r\n{HELLO}")).await;
    let reply = wire.reply().await;
    assert_eq!((reply.field("connection"), reply.content.as_str()), (Some("close"), "hello"));
    assert_eq!(wire.rest().await, "");
}

#[tokio::test]
async fn slow_reader_gets_the_whole_response() {
    const TIMES: usize = 400; // more than the buffers of two sockets hold
    let rig = start(&settings());
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap(); // so that the gateway's responses fill its buffers
    let wire = Wire::new(within(socket.connect(rig.address)).await.unwrap());
    let content = "0123456789abcdef".repeat(3_000);
    let request = format!("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{content}", content.len());
    let (reader, mut writer) = wire.stream.into_split();
    let sending = tokio::spawn(async move {
        for _ in 0..TIMES {
            within(writer.write_all(request.as_bytes())).await.unwrap();
        }
        writer
    });
    sleep(Duration::from_millis(200)).await; // by now all buffers are full
    assert!(!sending.is_finished());
    let mut buffered = Vec::new();
    let mut reader = tokio::io::BufReader::new(reader);
    for _ in 0..TIMES {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            within(tokio::io::AsyncBufReadExt::read_line(&mut reader, &mut head)).await.unwrap();
        }
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        buffered.resize(content.len(), 0);
        within(tokio::io::AsyncReadExt::read_exact(&mut reader, &mut buffered)).await.unwrap();
        assert_eq!(buffered, content.as_bytes());
    }
    drop(within(sending).await.unwrap());
}

#[tokio::test]
async fn fast_path_framing_matches_hyper() {
    const SAID: [&str; 10] = [
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\na: 1\r\na: 2\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        "HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nx-a: b\r\n\r\n",
        "HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\netag: \"e\"\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\netag: \"e\"\r\ncontent-length: 1234\r\n\r\n",
        "HTTP/1.1 500 Oh\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx",
    ];
    let origin = Origin::start(|mut wire| async move {
        while let Some(head) = wire.try_head().await {
            let number: usize = head.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
            wire.send(SAID[number]).await;
        }
    })
    .await;
    let rig = start_before(&origin);
    let (mut fast, mut hyper) = (rig.connect().await, rig.connect().await);
    hyper.send(CHUNKED).await;
    hyper.reply().await;
    for (number, said) in SAID.into_iter().enumerate() {
        let request = format!("GET /{number} HTTP/1.1\r\nhost: a\r\n\r\n");
        fast.send(&request).await;
        hyper.send(&request).await;
        let (ours, theirs) = (fast.reply().await, hyper.reply().await);
        let lines = |head: &str| {
            // A 304's length is optional (RFC 9110 section 8.6), and a missing one is not added.
            let own: &[&str] = match said.contains("304") && said.contains("content-length") {
                true => &["date: ", "x-request-id: ", "content-length: 1234"],
                false => &["date: ", "x-request-id: "],
            };
            let is_everyones = |line: &&str| !own.iter().any(|name| line.starts_with(name));
            head.lines().filter(is_everyones).map(str::to_owned).collect::<BTreeSet<_>>()
        };
        assert_eq!(lines(&ours.head), lines(&theirs.head), "{said:?}");
        assert_eq!((ours.status, ours.content), (theirs.status, theirs.content), "{said:?}");
    }
}

#[tokio::test]
async fn pipelined_input_is_bounded() {
    const MUCH: usize = 64 << 20; // more than the buffers of two sockets hold
    let rig = start(&settings());
    let mut wire = rig.connect().await;
    wire.send("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n").await;
    rig.toy.arrival().await;
    let (_reader, mut writer) = wire.stream.into_split();
    let sending = tokio::spawn(async move { writer.write_all(&vec![b'x'; MUCH]).await });
    sleep(Duration::from_millis(500)).await; // by now all buffers are full
    assert!(!sending.is_finished());
    sending.abort();
}

#[tokio::test]
async fn truncated_content_is_an_error() {
    let rig = start(&settings());
    let mut wire = rig.connect().await;
    wire.send(&format!("{HELLO}POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 6\r\n\r\nabc")).await;
    assert_eq!(wire.reply().await.content, "hello");
    wire.stream.shutdown().await.unwrap();
    assert_eq!(wire.reply().await.content, "error: the content is incomplete");
    assert_eq!(wire.rest().await, "");
}
