//! Reads simple requests.
//!
//! A request is simple if its target is a path, its content has a length or is absent, and its connection
//! is kept or closed. hyper serves everything else: chunked content, `Expect: 100-continue`, upgrades,
//! trailers and long messages. Malformed messages are refused there too.

use std::mem::MaybeUninit;

use bytes::Bytes;
use http::header::{CONNECTION, EXPECT, TE, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use httparse::Status;

use crate::http1::framing::Framing;
use crate::http1::request_rules::{RequestFields, check_line_ends};
use crate::server::body::RequestBody;

/// The longest head of a simple request, in bytes.
const MAX_HEAD_BYTES: usize = 16 << 10;
/// The most fields of a simple request. hyper's server enforces the configured limit.
const MAX_FIELDS: usize = 64;
/// The longest content of a simple request, in bytes.
const MAX_CONTENT_BYTES: usize = 64 << 10;

/// The bytes do not begin with a simple request. No further bytes can change that.
#[derive(Debug)]
pub(super) struct Unsupported;

/// A complete simple request.
#[derive(Debug)]
pub(super) struct SimpleRequest {
    pub(super) request: Request<RequestBody>,
    /// Whether the connection is closed after the response.
    pub(super) closes: bool,
    /// The length of the request in bytes.
    pub(super) length: usize,
}

/// Reads the request at the beginning of `bytes`; `None` if it is incomplete.
pub(super) fn read(bytes: &[u8]) -> Result<Option<SimpleRequest>, Unsupported> {
    let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut parsed = httparse::Request::new(&mut []);
    let head = match parsed.parse_with_uninit_headers(bytes, &mut fields) {
        Ok(Status::Complete(length)) if length <= MAX_HEAD_BYTES => length,
        Ok(Status::Partial) if bytes.len() < MAX_HEAD_BYTES => return Ok(None),
        Ok(_) | Err(_) => return Err(Unsupported),
    };
    check_line_ends(&bytes[..head]).map_err(|_| Unsupported)?;
    let (method, target) = request_line(&parsed).ok_or(Unsupported)?;
    let framing = framing(parsed.headers).ok_or(Unsupported)?;
    let length = head + content_length(&framing).ok_or(Unsupported)?;
    if bytes.len() < length {
        return Ok(None);
    }
    // One copy, shared by all fields and the content.
    let all = Bytes::copy_from_slice(&bytes[..length]);
    let share = |part: &[u8]| {
        let begin = part.as_ptr().addr() - bytes.as_ptr().addr();
        all.slice(begin..begin + part.len())
    };
    let uri = Uri::from_maybe_shared(share(target.as_bytes())).map_err(|_| Unsupported)?;
    let mut map = HeaderMap::with_capacity(parsed.headers.len());
    for field in &*parsed.headers {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| Unsupported)?;
        map.append(name, HeaderValue::from_maybe_shared(share(field.value)).map_err(|_| Unsupported)?);
    }
    let mut request = Request::new(RequestBody::Whole(all.slice(head..)));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = map;
    Ok(Some(SimpleRequest { request, closes: framing.closes(), length }))
}

/// The method and target. `HEAD` is not simple, because its response has a length but no content.
fn request_line<'b>(parsed: &httparse::Request<'_, 'b>) -> Option<(Method, &'b str)> {
    let (Some(1), Some(method), Some(target)) = (parsed.version, parsed.method, parsed.path) else { return None };
    let method = Method::from_bytes(method.as_bytes()).ok()?;
    let is_simple =
        method != Method::HEAD && method != Method::CONNECT && target.starts_with('/') && !target.contains('#');
    is_simple.then_some((method, target))
}

fn framing(fields: &[httparse::Header<'_>]) -> Option<RequestFields> {
    let mut framing = RequestFields::default();
    for field in fields {
        // Matching the length first means that most fields cost one comparison.
        let is_simple = match field.name.len() {
            2 => !is(field, &TE),
            6 => !is(field, &EXPECT),
            7 => !is(field, &UPGRADE),
            10 if is(field, &CONNECTION) => {
                field.value.eq_ignore_ascii_case(b"keep-alive") || field.value.eq_ignore_ascii_case(b"close")
            }
            _ => true,
        };
        if !is_simple {
            return None;
        }
        framing.add(field.name, field.value).ok()?;
    }
    Some(framing)
}

fn is(field: &httparse::Header<'_>, name: &HeaderName) -> bool {
    field.name.eq_ignore_ascii_case(name.as_str())
}

fn content_length(framing: &RequestFields) -> Option<usize> {
    match framing.framing(true) {
        Ok(Framing::Empty) => Some(0),
        Ok(Framing::Length(length)) => usize::try_from(length).ok().filter(|length| *length <= MAX_CONTENT_BYTES),
        Ok(Framing::Chunked | Framing::UntilClose) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use http::header::HOST;
    use http_body_util::BodyExt as _;

    use super::*;

    fn simple(text: &str) -> SimpleRequest {
        read(text.as_bytes()).unwrap().unwrap()
    }

    #[tokio::test]
    async fn a_request_is_read_up_to_its_end() {
        let one = "POST /a?b=c HTTP/1.1\r\nHost: a.example\r\nX-Two: 1\r\nx-two: 2\r\nContent-Length: 3\r\n\r\nabc";
        let SimpleRequest { request, closes, length } = simple(&format!("{one}GET / HTTP/1.1\r\n"));
        assert_eq!((length, closes), (one.len(), false));
        assert_eq!((request.method(), request.uri().to_string().as_str()), (&Method::POST, "/a?b=c"));
        assert_eq!(request.headers()[HOST], "a.example");
        assert_eq!(request.headers().get_all("x-two").iter().collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(request.into_body().collect().await.unwrap().to_bytes(), "abc");
    }

    #[test]
    fn a_request_is_incomplete_at_every_byte_before_its_end() {
        let whole = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\nab";
        for end in 0..whole.len() {
            assert!(read(&whole.as_bytes()[..end]).unwrap().is_none(), "{end}");
        }
        assert!(simple(whole).closes);
    }

    #[test]
    fn ambiguous_and_special_requests_are_unsupported() {
        for request in [
            "PRI * HTTP/2.0\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
            "HEAD / HTTP/1.1\r\n\r\n",
            "CONNECT a.example:443 HTTP/1.1\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\n\r\n",
            "GET http://a.example/ HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nhost : a\r\n\r\n",
            "GET / HTTP/1.1\r\na: b\r\n c\r\n\r\n",
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\nabc",
            "POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\nabc",
            "POST / HTTP/1.1\r\ncontent-length: 3, 3\r\n\r\nabc",
            "POST / HTTP/1.1\r\ncontent-length: +3\r\n\r\nabc",
            "POST / HTTP/1.1\r\ncontent-length: 0x3\r\n\r\nabc",
            "POST / HTTP/1.1\r\ncontent-length:\r\n\r\n",
            "POST / HTTP/1.1\r\ncontent-length: 65537\r\n\r\n",
            "POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n",
            "GET / HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
            "GET / HTTP/1.1\r\nconnection: close, x-y\r\n\r\n",
            "GET / HTTP/1.1\r\nte: trailers\r\n\r\n",
        ] {
            assert!(read(request.as_bytes()).is_err(), "{request:?}");
        }
    }

    #[test]
    fn long_heads_are_unsupported() {
        let long = format!("GET / HTTP/1.1\r\nx: {}", "a".repeat(MAX_HEAD_BYTES));
        assert!(read(long.as_bytes()).is_err());
        assert!(read(format!("{long}\r\n\r\n").as_bytes()).is_err());
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(MAX_FIELDS + 1));
        assert!(read(many.as_bytes()).is_err());
    }
}
