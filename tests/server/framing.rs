//! Where a request ends and which one it is: each rule of RFC 9112 on the fast path and on hyper's path, for an
//! operation and for passthrough.

use kit::message::Response;

use super::rig::{Origin, Rig, Wire, start_before};

/// What becomes of a request.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// It is served with this content, and the connection continues.
    Served(&'static str),
    /// The response is a 400, and the connection is closed.
    Refused,
}
use Outcome::{Refused, Served};

/// How the bytes arrive.
#[derive(Clone, Copy, Debug)]
enum Arrival {
    Whole,
    /// The first byte in a segment of its own.
    FirstByteAlone,
    /// Behind a request that moved the connection to hyper.
    OnHypersPath,
}

const NEXT: &str = "GET /hello HTTP/1.1\r\nhost: a\r\n\r\n";
const CHUNKED: &str = "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";

/// The requests; `PATH` is the path.
const REQUESTS: &[(&str, Outcome)] = &[
    // --- one framing
    ("POST PATH HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc", Served("abc")),
    ("POST PATH HTTP/1.1\r\nhost: a\r\ncontent-length: 03\r\n\r\nabc", Served("abc")),
    ("POST PATH HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", Served("abc")),
    (
        "POST PATH HTTP/1.1\r\nhost: a\r\ntransfer-encoding: Chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nt: u\r\n\r\n",
        Served("abc"),
    ),
    ("GET PATH HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", Served("abc")),
    ("GET PATH HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc", Served("abc")),
    ("POST PATH HTTP/1.1\r\nhost: a\r\n\r\n", Served("")),
    ("POST PATH HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", Refused),
    ("POST PATH HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n", Refused),
    ("POST PATH HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\nabc", Refused),
    ("POST PATH HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd", Refused),
    ("POST PATH HTTP/1.1\r\nhost: a\r\ncontent-length: 3, 3\r\n\r\nabc", Refused),
    ("POST PATH HTTP/1.1\r\nhost: a\r\ncontent-length: +3\r\n\r\nabc", Refused),
    ("POST PATH HTTP/1.1\r\nhost: a\r\ncontent-length: -3\r\n\r\nabc", Refused),
    ("POST PATH HTTP/1.1\r\nhost: a\r\ncontent-length: 0x3\r\n\r\nabc", Refused),
    ("POST PATH HTTP/1.1\r\nhost: a\r\ncontent-length: 3 3\r\n\r\nabc", Refused),
    ("POST PATH HTTP/1.1\r\nhost: a\r\ncontent-length:\r\n\r\nabc", Refused),
    // --- one coding
    (
        "POST PATH HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        Refused,
    ),
    ("POST PATH HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n", Refused),
    ("POST PATH HTTP/1.1\r\nhost: a\r\ntransfer-encoding: identity, chunked\r\n\r\n0\r\n\r\n", Refused),
    ("POST PATH HTTP/1.1\r\nhost: a\r\ntransfer-encoding: identity\r\n\r\n", Refused),
    ("POST PATH HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", Refused),
    ("POST PATH HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked;q=1\r\n\r\n0\r\n\r\n", Refused),
    ("POST PATH HTTP/1.1\r\nhost: a\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n", Refused),
    ("POST PATH HTTP/1.1\r\nhost: a\r\ntransfer-encoding:\r\n\r\n0\r\n\r\n", Refused),
    ("POST PATH HTTP/1.1\r\nhost: a\r\ntransfer-encoding:\x0bchunked\r\n\r\n0\r\n\r\n", Refused),
    ("POST PATH HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", Refused),
    // --- lines and names
    ("GET PATH HTTP/1.1\nhost: a\r\n\r\n", Refused),
    ("GET PATH HTTP/1.1\r\nhost: a\n\r\n", Refused),
    ("GET PATH HTTP/1.1\r\nhost: a\r\n\n", Refused),
    ("GET PATH HTTP/1.1\r\nhost: a\r\nx: b\nc: d\r\n\r\n", Refused),
    ("\nGET PATH HTTP/1.1\r\nhost: a\r\n\r\n", Refused),
    ("\r\nGET PATH HTTP/1.1\r\nhost: a\r\n\r\n", Served("")),
    ("GET PATH HTTP/1.1\r\nhost: a\r\nx: a\0b\r\n\r\n", Refused),
    ("GET PATH\0 HTTP/1.1\r\nhost: a\r\n\r\n", Refused),
    ("GET PATH HTTP/1.1\r\nhost: a\r\nx: a\rb\r\n\r\n", Refused),
    ("GET PATH HTTP/1.1\r\nhost: a\r\nx : y\r\n\r\n", Refused),
    ("GET PATH HTTP/1.1\r\nhost: a\r\nx: y\r\n z\r\n\r\n", Refused),
    ("GET PATH HTTP/1.1\r\n host: a\r\n\r\n", Refused),
    ("GET PATH HTTP/1.1\r\nhost: a\r\nno colon\r\n\r\n", Refused),
    ("GET PATH HTTP/1.1\r\nhost: a\r\n: y\r\n\r\n", Refused),
    ("GET PATH HTTP/2.0\r\nhost: a\r\n\r\n", Refused),
    ("G@T PATH HTTP/1.1\r\nhost: a\r\n\r\n", Refused),
    // --- the host and the target
    ("GET PATH HTTP/1.1\r\n\r\n", Refused),
    ("GET PATH HTTP/1.1\r\nhost:\r\n\r\n", Refused),
    ("GET PATH HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n", Refused),
    ("GET PATH HTTP/1.1\r\nhost: a, b\r\n\r\n", Refused),
    ("GET PATH HTTP/1.1\r\nhost: u@a\r\n\r\n", Refused),
    ("GET PATH HTTP/1.1\r\nhost: a:80x\r\n\r\n", Refused),
    ("GET PATH HTTP/1.1\r\nhost: a:65536\r\n\r\n", Refused),
    ("GET PATH HTTP/1.1\r\nhost: a:65535\r\n\r\n", Served("")),
    ("GET http://b.examplePATH HTTP/1.1\r\nhost: a\r\n\r\n", Served("")),
    ("GET http://b.example:xPATH HTTP/1.1\r\nhost: a\r\n\r\n", Refused),
    ("GET http://b.example:65536PATH HTTP/1.1\r\nhost: a\r\n\r\n", Refused),
    ("GET http://b.examplePATH HTTP/1.1\r\n\r\n", Refused),
    ("GET http://b.examplePATH HTTP/1.1\r\nhost: a:x\r\n\r\n", Refused),
    ("GET ftp://b.examplePATH HTTP/1.1\r\nhost: a\r\n\r\n", Refused),
    ("GET PATH#part HTTP/1.1\r\nhost: a\r\n\r\n", Refused),
    ("GET * HTTP/1.1\r\nhost: a\r\n\r\n", Refused),
    // --- fields that must be single
    ("POST PATH HTTP/1.1\r\nhost: a\r\ncontent-type: a/b\r\ncontent-type: a/b\r\n\r\n", Refused),
    ("POST PATH HTTP/1.1\r\nhost: a\r\nauthorization: a\r\nAuthorization: b\r\n\r\n", Refused),
    ("POST PATH HTTP/1.1\r\nhost: a\r\nx-a: a\r\nx-a: b\r\n\r\n", Served("")),
];

/// Chunked content whose framing is broken: whatever is answered, nothing behind it is a request.
const BROKEN_CHUNKS: &[&str] = &[
    "3\nabc\r\n0\r\n\r\n",
    "3\r\nabcd\r\n0\r\n\r\n",
    "0x3\r\nabc\r\n0\r\n\r\n",
    "-3\r\nabc\r\n0\r\n\r\n",
    "3\r\nabc\n0\r\n\r\n",
    "3 3\r\nabc\r\n0\r\n\r\n",
    "\r\n0\r\n\r\n",
    "11111111111111113\r\nabc\r\n0\r\n\r\n",
    "3;a\nb\r\nabc\r\n0\r\n\r\n",
    "3\r\nabc\r\n0\r\nno colon\r\n\r\n",
    "3\r\nabc\r\n0\r\nx: y\nz: w\r\n\r\n",
];

/// A target that answers every request with its content.
async fn echo() -> Origin {
    Origin::answering(|request| async move { Response { status: 200, fields: Vec::new(), content: request.content } })
        .await
}

async fn send(rig: &Rig, request: &str, arrival: Arrival) -> Wire {
    let mut wire = rig.connect().await;
    match arrival {
        Arrival::Whole => wire.send(format!("{request}{NEXT}")).await,
        Arrival::FirstByteAlone => {
            wire.send(&request[..1]).await;
            tokio::time::sleep(std::time::Duration::from_millis(5)).await; // so that it is read by itself
            wire.send(format!("{}{NEXT}", &request[1..])).await;
        }
        Arrival::OnHypersPath => {
            wire.send(CHUNKED).await;
            assert_eq!(wire.reply().await.status, 200);
            wire.send(format!("{request}{NEXT}")).await;
        }
    }
    wire
}

#[tokio::test]
async fn requests_are_framed_alike_on_every_path() {
    let origin = echo().await;
    let rig = start_before(&origin);
    let mut failures = Vec::new();
    for (request, outcome) in REQUESTS {
        for path in ["/echo", "/elsewhere"] {
            for arrival in [Arrival::Whole, Arrival::FirstByteAlone, Arrival::OnHypersPath] {
                let mut wire = send(&rig, &request.replace("PATH", path), arrival).await;
                let reply = wire.response().await;
                let next = wire.response().await;
                let next = next.as_ref().map(Response::text);
                let is_expected = match (outcome, &reply) {
                    (Served(content), Some(reply)) => {
                        (reply.status, reply.text(), next) == (200, *content, Some("hello"))
                    }
                    (Refused, Some(reply)) => {
                        reply.status == 400 && reply.field("connection") == Some("close") && next.is_none()
                    }
                    (_, None) => false,
                };
                if !is_expected {
                    failures.push(format!("{request:?} {path} {arrival:?}: {reply:?} {next:?}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[tokio::test]
async fn nothing_behind_broken_chunks_is_a_request() {
    let origin = echo().await;
    let rig = start_before(&origin);
    for chunks in BROKEN_CHUNKS {
        for path in ["/echo", "/elsewhere"] {
            for arrival in [Arrival::Whole, Arrival::FirstByteAlone, Arrival::OnHypersPath] {
                let head = format!("POST {path} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
                let mut wire = send(&rig, &format!("{head}{chunks}"), arrival).await;
                let rest = wire.rest().await;
                assert!(!rest.contains("hello") && rest.matches("HTTP/1.1 ").count() <= 1, "{chunks:?} {path}: {rest}");
            }
        }
    }
}

#[tokio::test]
async fn host_of_an_absolute_target_goes_out() {
    let origin = Origin::mirror().await;
    let rig = start_before(&origin);
    for prefix in ["", CHUNKED] {
        let mut wire = rig.connect().await;
        wire.send(format!("{prefix}GET http://b.example:81/x HTTP/1.1\r\nhost: a\r\nproxy: http://c/\r\n\r\n")).await;
        if !prefix.is_empty() {
            wire.reply().await;
        }
        let sent = wire.reply().await.content;
        assert!(sent.starts_with("GET /x HTTP/1.1\r\n"), "{sent}");
        assert_eq!(super::rig::field(&sent, "x-forwarded-host"), Some("b.example:81"), "{sent}");
        assert_eq!(super::rig::field(&sent, "proxy"), None, "{sent}");
    }
}

#[tokio::test]
async fn tunnels_and_traces_are_refused() {
    let origin = Origin::mirror().await;
    let rig = start_before(&origin);
    for prefix in ["", CHUNKED] {
        for line in ["CONNECT a.example:443", "TRACE /echo", "TRACE /elsewhere"] {
            let mut wire = rig.connect().await;
            wire.send(format!("{prefix}{line} HTTP/1.1\r\nhost: a.example:443\r\n\r\n")).await;
            if !prefix.is_empty() {
                wire.reply().await;
            }
            let reply = wire.reply().await;
            assert_eq!(reply.status, 405, "{line}");
            assert!(reply.field("allow").is_some_and(|allowed| allowed.contains("get")), "{}", reply.head);
        }
    }
    assert_eq!(origin.accepted(), 0);
}

#[tokio::test]
async fn target_response_with_ambiguous_framing_is_502() {
    for head in [
        "content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "content-length: 3\r\ncontent-length: 3\r\n\r\nabc",
        "content-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        "content-length: 3, 3\r\n\r\nabc",
        "content-length: +3\r\n\r\nabc",
        "transfer-encoding: identity\r\n\r\nabc",
        "transfer-encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ] {
        let answer: &'static str = format!("HTTP/1.1 200 OK\r\n{head}").leak();
        let origin = Origin::sending(answer).await;
        let rig = start_before(&origin);
        for prefix in ["", CHUNKED] {
            let mut wire = rig.connect().await;
            wire.send(format!("{prefix}GET /x HTTP/1.1\r\nhost: a\r\n\r\n")).await;
            if !prefix.is_empty() {
                wire.reply().await;
            }
            assert_eq!(wire.reply().await.status, 502, "{head:?}");
        }
    }
}
