//! Where a response ends: every rule of RFC 9112 section 6.3, sent by an upstream in raw bytes, and whether the
//! connection is reused for the next call.

use bytes::Bytes;
use http::{Method, Request};
use passbridge::base::bounded::Bounded;
use passbridge::upstream::failure::CallFailure;
use passbridge::upstream::http_settings::HttpSettings;
use passbridge::upstream::http_upstream::RetryClass;

use super::rig::{Origin, within};
use super::upstream::{get, upstream};
use super::upstream_pool::rest;

const LIMIT: usize = 1024;

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    /// Content, and the connection is reused.
    Kept(&'static str),
    /// Content, and the connection is closed.
    Closed(&'static str),
    Broken,
    TooLarge,
}
use Outcome::{Broken, Closed, Kept, TooLarge};

/// The outcome of two calls in a row that both get the response `said`. With `hangs_up`, the upstream closes each
/// connection after its response.
async fn outcome(method: &Method, said: String, hangs_up: bool) -> Outcome {
    let origin = Origin::start(move |mut wire| {
        let said = said.clone();
        async move {
            while wire.try_head().await.is_some() {
                wire.send(&said).await;
                if hangs_up {
                    return;
                }
            }
        }
    })
    .await;
    let settings = HttpSettings { max_response_bytes: Bounded::nearest(LIMIT as u64), ..HttpSettings::default() };
    let upstream = upstream(&origin.url(), &settings);
    let mut last = Broken;
    for _ in 0..2 {
        let request = Request::builder().method(method).uri("/").body(Bytes::new()).unwrap();
        last = match within(upstream.call(&request, RetryClass::Finish)).await {
            Ok(answer) => {
                let content = String::from_utf8(answer.body().to_vec()).unwrap().leak();
                if origin.accepted() == 1 { Kept(content) } else { Closed(content) }
            }
            Err(CallFailure::Broken(_)) => Broken,
            Err(CallFailure::TooLarge { limit: LIMIT }) => TooLarge,
            Err(failure) => panic!("{failure:?}"),
        };
        rest().await;
    }
    last
}

async fn all(method: Method, hangs_up: bool, cases: &[(&str, Outcome)]) {
    for (said, expected) in cases {
        // Line ends are added here, to keep the table readable.
        let said = said.replace('\n', "\r\n").replace('¬', "\n");
        assert_eq!(outcome(&method, said.clone(), hangs_up).await, *expected, "{method} {said:?}");
    }
}

#[tokio::test]
async fn content_length_must_be_one_number() {
    all(
        Method::GET,
        false,
        &[
            ("HTTP/1.1 200 OK\nContent-Length: 2\n\nab", Kept("ab")),
            ("HTTP/1.1 200 OK\ncontent-length: \t002 \n\nab", Kept("ab")),
            ("HTTP/1.1 200 OK\ncontent-length: 0\n\n", Kept("")),
            ("HTTP/1.1 299\ncontent-length: 2\n\nab", Kept("ab")),
            ("HTTP/1.1 200 OK\ncontent-length: 2\ncontent-length: 2\n\nab", Broken),
            ("HTTP/1.1 200 OK\ncontent-length: 2\nContent-Length: 3\n\nabc", Broken),
            ("HTTP/1.1 200 OK\ncontent-length: 2, 2\n\nab", Broken),
            ("HTTP/1.1 200 OK\ncontent-length: +2\n\nab", Broken),
            ("HTTP/1.1 200 OK\ncontent-length: -2\n\nab", Broken),
            ("HTTP/1.1 200 OK\ncontent-length: 0x2\n\nab", Broken),
            ("HTTP/1.1 200 OK\ncontent-length: 1 0\n\nab", Broken),
            ("HTTP/1.1 200 OK\ncontent-length: 2.0\n\nab", Broken),
            ("HTTP/1.1 200 OK\ncontent-length:\n\n", Broken),
            ("HTTP/1.1 200 OK\ncontent-length : 2\n\nab", Broken),
            ("HTTP/1.1 200 OK\ncontent-length: 1025\n\n", TooLarge),
            ("HTTP/1.1 200 OK\ncontent-length: 18446744073709551618\n\nab", TooLarge),
            ("HTTP/1.1 200 OK\ncontent-length: 99999999999999999999999\n\nab", TooLarge),
        ],
    )
    .await;
}

#[tokio::test]
async fn chunked_coding_is_parsed_strictly() {
    let chunked = "HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n";
    let long = format!("{chunked}1;{}\na\n0\n\n", "x".repeat(20_000));
    let many = format!("{chunked}{}0\n\n", format!("1;{}\na\n", "x".repeat(200)).repeat(100));
    let trailers = format!("{chunked}1\na\n0\n{}\n", "a: b\n".repeat(4_000));
    let most = format!("{chunked}400\n{}\n0\n\n", "x".repeat(LIMIT));
    let more = format!("{chunked}400\n{}\n1\ny\n0\n\n", "x".repeat(LIMIT));
    let huge = format!("{chunked}fffffffffffffffe\nx");
    let whole: &'static str = "x".repeat(LIMIT).leak();
    let cases = [
        ("2\nab\n0\n\n", Kept("ab")),
        ("1\na\n1\nb\n000\n\n", Kept("ab")),
        ("A\n0123456789\n0\n\n", Kept("0123456789")),
        ("0\n\n", Kept("")),
        ("2;a=b;c=\"d\"\nab\n0;e\n\n", Kept("ab")),
        ("2 \t;a\nab\n0\n\n", Kept("ab")),
        ("2  \nab\n0\n\n", Kept("ab")),
        ("2\nab\n0\nx-trailer: c\ncontent-length: 9\n\n", Kept("ab")),
        ("2\nab\n0\n\nHTTP/1.1 200 OK\n\n", Closed("ab")),
        ("2\nabc\n0\n\n", Broken),
        ("2\na\n0\n\n", Broken),
        ("\nab\n0\n\n", Broken),
        ("2¬ab\n0\n\n", Broken),
        ("2\nab¬0\n\n", Broken),
        ("2\nab\n0¬\n", Broken),
        ("0x2\nab\n0\n\n", Broken),
        ("+2\nab\n0\n\n", Broken),
        ("-1\nab\n0\n\n", Broken),
        (" 2\nab\n0\n\n", Broken),
        ("2 a\nab\n0\n\n", Broken),
        ("2;\u{1}\nab\n0\n\n", Broken),
        ("g\nab\n0\n\n", Broken),
        ("11111111111111111\nab\n0\n\n", Broken),
        ("2\nab\n0\nno field\n\n", Broken),
        ("2\nab\n0\na b: c\n\n", Broken),
    ];
    let cases = cases.map(|(content, outcome)| (format!("{chunked}{content}"), outcome));
    let cases: Vec<_> = cases.iter().map(|(said, outcome)| (&**said, *outcome)).collect();
    all(Method::GET, false, &cases).await;
    all(Method::GET, false, &[(&long, Broken), (&many, Broken), (&trailers, Broken)]).await;
    all(Method::GET, false, &[(&most, Kept(whole)), (&more, TooLarge)]).await;
    all(Method::GET, true, &[(&huge, Broken), (&format!("{chunked}2\nab\n0\n"), Broken)]).await;
}

#[tokio::test]
async fn conflicting_framing_is_refused() {
    all(
        Method::GET,
        true,
        &[
            ("HTTP/1.1 200 OK\ncontent-length: 2\ntransfer-encoding: chunked\n\n0\n\n", Broken),
            ("HTTP/1.1 200 OK\ntransfer-encoding: chunked\ncontent-length: 5\n\n0\n\n", Broken),
            ("HTTP/1.1 200 OK\ntransfer-encoding: chunked\ntransfer-encoding: chunked\n\n0\n\n", Broken),
            ("HTTP/1.1 200 OK\ntransfer-encoding: chunked, chunked\n\n0\n\n", Broken),
            ("HTTP/1.1 200 OK\ntransfer-encoding: gzip, chunked\n\n0\n\n", Broken),
            ("HTTP/1.1 200 OK\ntransfer-encoding: gzip\n\nab", Broken),
            ("HTTP/1.1 200 OK\ntransfer-encoding: identity\n\nab", Broken),
            ("HTTP/1.1 200 OK\ntransfer-encoding:\n\nab", Broken),
            ("HTTP/1.1 200 OK\ntransfer-encoding: xchunked\n\n0\n\n", Broken),
            ("HTTP/1.0 200 OK\ntransfer-encoding: chunked\n\n0\n\n", Broken),
            ("HTTP/1.1 200 OK\nTransfer-Encoding: Chunked\n\n0\n\n", Closed("")),
        ],
    )
    .await;
}

#[tokio::test]
async fn content_without_length_ends_with_the_connection() {
    all(
        Method::GET,
        true,
        &[
            ("HTTP/1.1 200 OK\n\nab", Closed("ab")),
            ("HTTP/1.1 200 OK\nconnection: keep-alive\n\n", Closed("")),
            ("HTTP/1.0 200 OK\n\nab", Closed("ab")),
            ("HTTP/1.0 200 OK\ncontent-length: 2\n\nab", Closed("ab")),
            ("HTTP/1.1 200 OK\ncontent-length: 3\n\nab", Broken),
            ("HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n2\nab\n", Broken),
        ],
    )
    .await;
}

#[tokio::test]
async fn bodiless_statuses_have_no_content() {
    let kept = [
        ("HTTP/1.1 204 No Content\n\n", Kept("")),
        ("HTTP/1.1 304 Not Modified\ncontent-length: 2\n\n", Kept("")),
        ("HTTP/1.1 204 No Content\ntransfer-encoding: chunked\n\n", Kept("")),
        ("HTTP/1.1 204 No Content\ncontent-length: 2\n\nab", Closed("")),
    ];
    all(Method::GET, false, &kept).await;
    let to_head = [
        ("HTTP/1.1 200 OK\ncontent-length: 2000\n\n", Kept("")),
        ("HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n", Kept("")),
        ("HTTP/1.1 200 OK\ncontent-length: 2\n\nab", Closed("")),
    ];
    all(Method::HEAD, false, &to_head).await;
}

#[tokio::test]
async fn connection_is_kept_unless_closed() {
    all(
        Method::GET,
        false,
        &[
            ("HTTP/1.1 200 OK\nconnection: Keep-Alive\ncontent-length: 2\n\nab", Kept("ab")),
            ("HTTP/1.1 200 OK\nconnection: close\ncontent-length: 2\n\nab", Closed("ab")),
            ("HTTP/1.1 200 OK\nConnection: foo , CLOSE\ncontent-length: 2\n\nab", Closed("ab")),
            ("HTTP/1.1 200 OK\nconnection: foo\nconnection: close\ncontent-length: 2\n\nab", Closed("ab")),
            ("HTTP/1.0 200 OK\nconnection: keep-alive\ncontent-length: 2\n\nab", Closed("ab")),
            ("HTTP/1.1 200 OK\ncontent-length: 2\n\nabc", Closed("ab")),
            ("HTTP/1.1 200 OK\ncontent-length: 2\n\nab\n", Closed("ab")),
        ],
    )
    .await;
}

#[tokio::test]
async fn interim_responses_are_skipped() {
    let continued = "HTTP/1.1 100 Continue\n\n";
    let early = "HTTP/1.1 103 Early Hints\nlink: </a>\n\n";
    let last = "HTTP/1.1 200 OK\ncontent-length: 2\n\nab";
    let switched = "HTTP/1.1 101 Switching Protocols\nupgrade: x\nconnection: upgrade\n\n";
    all(
        Method::GET,
        true,
        &[
            (&format!("{continued}{early}{last}"), Closed("ab")),
            (&format!("{}{last}", continued.repeat(5_000)), Closed("ab")),
            (continued, Broken),
            (switched, Broken),
        ],
    )
    .await;
}

#[tokio::test]
async fn malformed_head_is_refused() {
    let long = format!("HTTP/1.1 200 OK\nx: {}\ncontent-length: 0\n\n", "x".repeat(70_000));
    let endless = format!("HTTP/1.1 200 OK\nx: {}", "x".repeat(70_000));
    let many = format!("HTTP/1.1 200 OK\n{}content-length: 0\n\n", "x: y\n".repeat(100));
    all(
        Method::GET,
        false,
        &[
            ("HTTP/2 200 OK\ncontent-length: 0\n\n", Broken),
            ("HTTP/1.2 200 OK\ncontent-length: 0\n\n", Broken),
            ("HTTP/1.1 20 OK\ncontent-length: 0\n\n", Broken),
            ("HTTP/1.1 2000 OK\ncontent-length: 0\n\n", Broken),
            ("HTTP/1.1 099 OK\ncontent-length: 0\n\n", Broken),
            ("HTTP/1.1 200 OK\na b: c\ncontent-length: 0\n\n", Broken),
            ("HTTP/1.1 200 OK\nx: a\n folded\ncontent-length: 0\n\n", Broken),
            ("HTTP/1.1 200 OK\nx: a\u{0}b\ncontent-length: 0\n\n", Broken),
            ("{\"not\": \"http\"}\n\n", Broken),
            (&long, Broken),
            (&endless, Broken),
            (&many, Broken),
        ],
    )
    .await;
}

#[tokio::test]
async fn header_fields_are_returned_unchanged() {
    let origin =
        Origin::sending("HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a:  2 \r\nretry-after: 3\r\ncontent-length: 0\r\n\r\n").await;
    let upstream = upstream(&origin.url(), &HttpSettings::default());
    let answer = within(upstream.call(&get("/"), RetryClass::Finish)).await.unwrap();
    assert_eq!(answer.headers().get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(answer.headers()["retry-after"], "3");
}
