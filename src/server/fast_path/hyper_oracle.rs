//! Compares the fast path with hyper on requests assembled from valid and invalid pieces: a simple request
//! must be the same request to hyper.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use proptest::sample::select;
use tokio::io::{AsyncWriteExt as _, duplex};
use tokio::runtime::Builder;
use tokio::sync::mpsc;

use crate::server::fast_path::request::read;

/// The first request of a connection as hyper reads it, if it is complete.
async fn read_by_hyper(bytes: &[u8]) -> Option<Request<Bytes>> {
    let (mut caller, server) = duplex(1 << 20);
    let (sender, mut requests) = mpsc::unbounded_channel();
    let service = service_fn(move |request: Request<Incoming>| {
        let sender = sender.clone();
        async move {
            let (head, content) = request.into_parts();
            if let Ok(content) = content.collect().await {
                sender.send(Request::from_parts(head, content.to_bytes())).expect("the receiver is open");
            }
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
        }
    });
    caller.write_all(bytes).await.expect("the request fits the buffer");
    caller.shutdown().await.expect("nothing is left to write");
    // An error is expected where the request is invalid.
    let _ = http1::Builder::new().half_close(true).serve_connection(TokioIo::new(server), service).await;
    requests.try_recv().ok()
}

fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let line = select(vec![
        "POST /a/b?c=%20 HTTP/1.1",
        "POST /a HTTP/1.1",
        "GET / HTTP/1.1",
        "get //x HTTP/1.1",
        "DELETE /\u{e4} HTTP/1.1",
        "GET /a#b HTTP/1.1",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.0",
        "G@T / HTTP/1.1",
        "GET / HTTP/1.1 ",
    ]);
    let field = select(vec![
        "host: a.example",
        "Content-Length: 3",
        "content-length: 03",
        "content-length: 3 ",
        "content-length:\t4",
        "Connection: close",
        "connection: keep-alive",
        "connection: keep-alive, x",
        "X-Odd: \u{e4}\u{f6}",
        "x-empty:",
        "x-space : a",
        "x-folded: a\r\n b",
        "x-inner: a  b\tc ",
        "x-control: a\u{1}b",
        "transfer-encoding: chunked",
        "Transfer_Encoding: chunked",
        "accept: */*",
        "no colon",
    ]);
    let end = select(vec!["\r\n", "\r\n", "\r\n", "\n"]);
    let content = select(vec!["", "abc", "abcdef", "3\r\nabc\r\n0\r\n\r\n", "abcGET / HTTP/1.1\r\n\r\n"]);
    (line, proptest::collection::vec(field, 0..5), end, content).prop_map(|(line, fields, end, content)| {
        let fields: String = fields.iter().map(|field| format!("{field}{end}")).collect();
        format!("{line}{end}{fields}{end}{content}").into_bytes()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_simple_request_is_the_same_request_to_hyper(bytes in pieces()) {
        let Ok(Some(simple)) = read(&bytes) else { return Ok(()) };
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime can be built");
        let ours = runtime.block_on(async { simple.request.map(|content| content.collect()) });
        let (head, content) = ours.into_parts();
        let content = runtime.block_on(content).expect("the content is in memory").to_bytes();
        let theirs = runtime.block_on(read_by_hyper(&bytes));
        let theirs = theirs.ok_or_else(|| TestCaseError::fail("hyper does not read it"))?;
        prop_assert_eq!(head.method, theirs.method().clone());
        prop_assert_eq!(head.uri, theirs.uri().clone());
        prop_assert_eq!(head.headers, theirs.headers().clone());
        prop_assert_eq!(&content, theirs.body());
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes: Vec<u8>) {
        if let Ok(Some(simple)) = read(&bytes) {
            prop_assert!(simple.length <= bytes.len());
        }
    }
}
