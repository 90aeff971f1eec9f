//! The content of passthrough requests and responses: streamed both ways with unchanged framing.

use super::rig::{Origin, field, start_before, within};

#[tokio::test]
async fn content_is_streamed_both_ways() {
    let origin = Origin::start(|mut wire| async move {
        wire.try_head().await.unwrap();
        wire.until("one").await;
        wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nONE\r\n").await;
        wire.until("two").await;
        wire.send("3\r\nTWO\r\n").await;
        wire.until("0\r\n\r\n").await;
        wire.send("0\r\n\r\n").await;
    })
    .await;
    let rig = start_before(&origin);
    let mut wire = rig.connect().await;
    // Each step waits for the previous one on the other side, so buffering would block.
    wire.send("POST /stream HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n").await;
    assert!(wire.until("\r\n\r\n").await.starts_with("HTTP/1.1 200 OK\r\n"));
    wire.until("ONE").await;
    wire.send("3\r\ntwo\r\n").await;
    wire.until("TWO").await;
    wire.send("0\r\n\r\n").await;
    wire.until("0\r\n\r\n").await;
}

#[tokio::test]
async fn framing_is_preserved() {
    let origin = Origin::start(|mut wire| async move {
        while let Some(head) = wire.try_head().await {
            let content = match field(&head, "content-length") {
                Some(length) => wire.exactly(length.parse().unwrap()).await,
                None if field(&head, "transfer-encoding").is_some() => wire.until("0\r\n\r\n").await,
                None => String::new(),
            };
            let echo = format!("{head}{content}");
            wire.send(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{echo}", echo.len())).await;
        }
    })
    .await;
    let rig = start_before(&origin);
    let mut wire = rig.connect().await;

    wire.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello").await;
    let sent = wire.reply().await.content;
    assert!(sent.ends_with("\r\n\r\nhello") && field(&sent, "transfer-encoding").is_none(), "{sent}");

    wire.send("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n").await;
    let sent = wire.reply().await.content;
    assert!(sent.ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n") && field(&sent, "content-length").is_none(), "{sent}");

    wire.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n").await;
    let sent = wire.reply().await.content;
    assert!(field(&sent, "content-length") == Some("0"), "{sent}");

    wire.send("DELETE / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let sent = wire.reply().await.content;
    assert!(field(&sent, "transfer-encoding").is_none(), "{sent}");

    // Content that the gateway read before deciding is forwarded unchanged.
    for framing in ["content-length: 5\r\n\r\nhello", "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"] {
        wire.send(&format!("POST /read/x HTTP/1.1\r\nhost: a\r\n{framing}")).await;
        let sent = wire.reply().await.content;
        assert!(sent.ends_with("\r\n\r\nhello") && field(&sent, "content-length") == Some("5"), "{sent}");
    }
}

#[tokio::test]
async fn trailers_are_forwarded_both_ways() {
    let origin = Origin::start(|mut wire| async move {
        let head = wire.try_head().await.unwrap();
        assert_eq!(field(&head, "te"), Some("trailers"));
        assert_eq!(field(&head, "trailer"), Some("x-sum"));
        wire.until("0\r\nx-sum: 7\r\n\r\n").await;
        wire.send(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-total\r\n\r\n2\r\nok\r\n0\r\nx-total: 9\r\n\r\n",
        )
        .await;
    })
    .await;
    let rig = start_before(&origin);
    let mut wire = rig.connect().await;
    wire.send(
        "POST / HTTP/1.1\r\nhost: a\r\nte: trailers\r\nconnection: te\r\ntransfer-encoding: chunked\r\n\
         trailer: x-sum\r\n\r\n1\r\na\r\n0\r\nx-sum: 7\r\n\r\n",
    )
    .await;
    assert!(wire.until("\r\n\r\n").await.contains("trailer: x-total\r\n"));
    assert_eq!(wire.until("x-total: 9\r\n\r\n").await, "2\r\nok\r\n0\r\nx-total: 9\r\n\r\n");
}

#[tokio::test]
async fn response_without_content_keeps_its_head() {
    let origin = Origin::start(|mut wire| async move {
        while let Some(head) = wire.try_head().await {
            let reply = match head.split(' ').nth(1).unwrap() {
                "/204" => "HTTP/1.1 204 No Content\r\nx-a: b\r\n\r\n",
                "/304" => "HTTP/1.1 304 Not Modified\r\netag: \"e\"\r\ncontent-length: 1234\r\n\r\n",
                _ => "HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n",
            };
            wire.send(reply).await;
        }
    })
    .await;
    let rig = start_before(&origin);
    let mut wire = rig.connect().await;

    wire.send("HEAD / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let reply = wire.reply_to("HEAD").await;
    assert_eq!((reply.status, reply.field("content-length")), (200, Some("1234")));
    wire.send("GET /204 HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let reply = wire.reply().await;
    assert_eq!((reply.status, reply.field("x-a"), reply.field("content-length")), (204, Some("b"), None));
    wire.send("GET /304 HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let reply = wire.reply().await;
    // The length of a 304 is optional (RFC 9110 section 8.6), and the server omits it.
    assert_eq!((reply.status, reply.field("etag"), reply.content.as_str()), (304, Some("\"e\""), ""));
    // The connection is still usable.
    wire.send("GET /204 HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(wire.reply().await.status, 204);
}

#[tokio::test]
async fn continue_is_sent_only_when_the_target_wants_content() {
    let origin = Origin::start(|mut wire| async move {
        wire.try_head().await.unwrap();
        let content = wire.exactly(5).await;
        wire.send(&format!("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{content}")).await;
    })
    .await;
    let rig = start_before(&origin);
    let mut wire = rig.connect().await;
    wire.send("PUT / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n").await;
    assert_eq!(wire.until("\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    wire.send("hello").await;
    assert_eq!(wire.reply().await.content, "hello");

    let refused = rig.ask("PUT /a/../b HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n").await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn disconnected_caller_cancels_the_call() {
    let (gone, mut events) = tokio::sync::mpsc::unbounded_channel();
    let origin = Origin::start(move |mut wire| {
        let gone = gone.clone();
        async move {
            let head = wire.try_head().await.unwrap();
            gone.send("received").unwrap();
            if head.starts_with("GET /begun") {
                wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n").await;
            }
            assert_eq!(wire.rest().await, "");
            gone.send("gone").unwrap();
        }
    })
    .await;
    let rig = start_before(&origin);
    for path in ["/hanging", "/begun"] {
        let mut wire = rig.connect().await;
        wire.send(&format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n")).await;
        assert_eq!(within(events.recv()).await, Some("received"));
        if path == "/begun" {
            wire.until("\r\na\r\n").await;
        }
        drop(wire);
        assert_eq!(within(events.recv()).await, Some("gone"), "{path}");
    }
}
