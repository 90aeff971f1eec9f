//! Cleartext HTTP/2 on the same port, recognised by its first bytes.

use passbridge::base::bounded::Bounded;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::rig::{Rig, Wire, settings, start, within};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const EMPTY_SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
/// HEADERS of stream 1, with END_STREAM and END_HEADERS: `GET http://a/hello`, in HPACK without Huffman.
const GET_HELLO: &[u8] = b"\x00\x00\x0d\x01\x05\x00\x00\x00\x01\x82\x86\x04\x06/hello\x41\x01a";
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap()
}

fn url(rig: &Rig, path: &str) -> String {
    format!("http://{}{path}", rig.address)
}

#[tokio::test]
async fn http2_caller_is_served() {
    let rig = start(&settings());
    let response = within(client().post(url(&rig, "/echo")).body("content").send()).await.unwrap();
    assert_eq!(response.version(), http::Version::HTTP_2);
    assert!(response.headers().contains_key("x-request-id"));
    assert_eq!(within(response.text()).await.unwrap(), "content");
}

#[tokio::test]
async fn http2_requests_have_the_same_limits() {
    let rig = start(&settings());
    let mut request = client().get(url(&rig, "/hello"));
    for field in 0..120 {
        request = request.header(format!("x-{field}"), "v");
    }
    let response = within(request.send()).await.unwrap();
    assert_eq!(response.status(), 431);
    assert_eq!(within(response.text()).await.unwrap(), "there are too many header fields\n");
}

#[tokio::test]
async fn drain_finishes_http2_requests() {
    let rig = start(&settings());
    let asked = tokio::spawn(client().get(url(&rig, "/wait")).send());
    rig.toy.arrival().await;
    rig.lifecycle.stop();
    rig.toy.released.add_permits(1);
    let response = within(asked).await.unwrap().unwrap();
    assert_eq!(within(response.text()).await.unwrap(), "waited");
    assert_eq!(within(rig.running.drained()).await.unwrap().cut, 0);
}

#[tokio::test]
async fn http2_connection_without_requests_is_closed() {
    let mut settings = settings();
    settings.header_timeout_ms = Bounded::nearest(50);
    let rig = start(&settings);
    for begun in [&PREFACE[..6], PREFACE, &[PREFACE, EMPTY_SETTINGS].concat()] {
        let mut wire = Wire::connect(rig.address).await;
        wire.stream.write_all(begun).await.unwrap();
        wire.rest().await; // ends, or `within` fails
    }
}

#[tokio::test]
async fn idle_http2_connection_gets_goaway() {
    let mut settings = settings();
    settings.header_timeout_ms = Bounded::nearest(500);
    let rig = start(&settings);
    let mut stream = TcpStream::connect(rig.address).await.unwrap();
    stream.write_all(&[PREFACE, EMPTY_SETTINGS, GET_HELLO].concat()).await.unwrap();
    let mut kinds = Vec::new();
    let mut content = Vec::new();
    while let Some((kind, flags, payload)) = frame(&mut stream).await {
        kinds.push(kind);
        if kind == 0 {
            content.extend_from_slice(&payload);
        }
        if kind == PING && flags & ACK == 0 {
            let ack = [&[0, 0, 8, PING, ACK, 0, 0, 0, 0], &payload[..]].concat();
            stream.write_all(&ack).await.unwrap();
        }
    }
    assert_eq!(content, b"hello");
    assert!(kinds.contains(&GOAWAY), "{kinds:?}");
}

#[tokio::test]
async fn floods_without_requests_close_the_connection() {
    let priority = [&[0, 0, 5, 2, 0, 0, 0, 0, 3][..], &[0, 0, 0, 0, 16]].concat();
    let floods = [
        vec![0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        priority,
        [&[0, 0, 8, PING, 0, 0, 0, 0, 0][..], &[0; 8]].concat(),
    ];
    for flood in floods {
        let rig = start(&settings());
        let mut wire = Wire::connect(rig.address).await;
        wire.stream.write_all(&[PREFACE, EMPTY_SETTINGS, GET_HELLO].concat()).await.unwrap();
        let (mut reader, mut writer) = wire.stream.into_split();
        let reading = tokio::spawn(async move { tokio::io::copy(&mut reader, &mut tokio::io::sink()).await });
        let all = flood.repeat(1_000);
        let flooding = async { while writer.write_all(&all).await.is_ok() {} };
        within(flooding).await; // ends when the server closes
        let _ = within(reading).await.unwrap();
    }
}

#[tokio::test]
async fn large_download_in_small_windows_is_not_a_flood() {
    let rig = start(&settings());
    let client = reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .http2_initial_stream_window_size(65_535)
        .http2_initial_connection_window_size(65_535);
    let client = client.build().unwrap();
    let content = "x".repeat(8 << 20);
    let response = within(client.post(url(&rig, "/echo")).body(content.clone()).send()).await.unwrap();
    assert!(within(response.text()).await.unwrap() == content);
}

#[tokio::test]
async fn cookie_fields_are_joined_before_http1() {
    let origin = super::rig::Origin::mirror().await;
    let rig = super::rig::start_before(&origin);
    let mut request = client().get(url(&rig, "/x"));
    for crumb in ["a=1", "b=2", "c=3"] {
        request = request.header("cookie", crumb);
    }
    let sent = within(within(request.send()).await.unwrap().text()).await.unwrap();
    assert!(sent.contains("\r\ncookie: a=1; b=2; c=3\r\n"), "{sent}");
}

#[tokio::test]
async fn repeated_single_field_over_http2_is_400() {
    let rig = start(&settings());
    let request = client().post(url(&rig, "/echo")).header("authorization", "a").header("authorization", "b");
    assert_eq!(within(request.send()).await.unwrap().status(), 400);
}

/// Reads one frame: its type, flags and payload; `None` at the end.
async fn frame(stream: &mut TcpStream) -> Option<(u8, u8, Vec<u8>)> {
    let mut head = [0; 9];
    within(stream.read_exact(&mut head)).await.ok()?;
    let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
    within(stream.read_exact(&mut payload)).await.ok()?;
    Some((head[3], head[4], payload))
}
