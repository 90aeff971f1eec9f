//! Which requests are plain, and what is read of them.
//!
//! Plain is what no rule of HTTP/1.1 makes a question of: a path as its target, one length in digits or
//! none, a connection that is kept or closed. Chunks, an expected 100, an upgrade, trailers, long
//! messages and whatever is malformed are the library's.

use std::mem::MaybeUninit;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use httparse::Status;
use hyper::body::Incoming;

use crate::server::body::EdgeBody;

/// The longest head that is plain, in bytes.
const MOST_HEAD: usize = 16 << 10;
/// The most fields of it. Whoever sends more is told of the limit by way of the library.
const MOST_FIELDS: usize = 64;
/// The longest content that is plain, in bytes.
const MOST_CONTENT: usize = 64 << 10;

/// The bytes are no plain request, whatever comes after them.
#[derive(Debug)]
pub(super) struct Unsupported;

/// A request that is here as a whole.
#[derive(Debug)]
pub(super) struct Plain {
    pub(super) request: Request<EdgeBody<Incoming>>,
    /// Whether the caller wants nothing after it.
    pub(super) closes: bool,
    /// How many bytes it has.
    pub(super) length: usize,
}

/// What the fields say of the message.
#[derive(Debug, Default)]
struct Framing {
    content: Option<usize>,
    closes: bool,
}

/// Reads the request that `bytes` begin with; `None` while it is not whole.
pub(super) fn read(bytes: &[u8]) -> Result<Option<Plain>, Unsupported> {
    let mut fields = [const { MaybeUninit::uninit() }; MOST_FIELDS];
    let mut parsed = httparse::Request::new(&mut []);
    let head = match parsed.parse_with_uninit_headers(bytes, &mut fields) {
        Ok(Status::Complete(length)) if length <= MOST_HEAD => length,
        Ok(Status::Partial) if bytes.len() < MOST_HEAD => return Ok(None),
        Ok(_) | Err(_) => return Err(Unsupported),
    };
    let (method, target) = line(&parsed).ok_or(Unsupported)?;
    let framing = framing(parsed.headers).ok_or(Unsupported)?;
    let length = head + framing.content.unwrap_or(0);
    if bytes.len() < length {
        return Ok(None);
    }
    // One copy, of which every field and the content are parts.
    let all = Bytes::copy_from_slice(&bytes[..length]);
    let part = |of: &[u8]| {
        let begin = of.as_ptr().addr() - bytes.as_ptr().addr();
        all.slice(begin..begin + of.len())
    };
    let uri = Uri::from_maybe_shared(part(target.as_bytes())).map_err(|_| Unsupported)?;
    let mut map = HeaderMap::with_capacity(parsed.headers.len());
    for field in &*parsed.headers {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| Unsupported)?;
        map.append(name, HeaderValue::from_maybe_shared(part(field.value)).map_err(|_| Unsupported)?);
    }
    let mut request = Request::new(EdgeBody::Whole(all.slice(head..)));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = map;
    Ok(Some(Plain { request, closes: framing.closes, length }))
}

/// Method and target, where both are plain. An answer to `HEAD` has a length and no content.
fn line<'b>(parsed: &httparse::Request<'_, 'b>) -> Option<(Method, &'b str)> {
    let (Some(1), Some(method), Some(target)) = (parsed.version, parsed.method, parsed.path) else { return None };
    let method = Method::from_bytes(method.as_bytes()).ok()?;
    let is_plain = method != Method::HEAD && method != Method::CONNECT && target.starts_with('/');
    is_plain.then_some((method, target))
}

fn framing(fields: &[httparse::Header<'_>]) -> Option<Framing> {
    let mut framing = Framing::default();
    for field in fields {
        // The length of a name rules out nearly every field.
        match field.name.len() {
            14 if is(field, &CONTENT_LENGTH) => {
                if framing.content.is_some() {
                    return None;
                }
                framing.content = Some(content_length(field.value)?);
            }
            10 if is(field, &CONNECTION) => match field.value {
                value if value.eq_ignore_ascii_case(b"keep-alive") => {}
                value if value.eq_ignore_ascii_case(b"close") => framing.closes = true,
                _ => return None,
            },
            17 if is(field, &TRANSFER_ENCODING) => return None,
            6 if is(field, &EXPECT) => return None,
            7 if is(field, &UPGRADE) => return None,
            2 if is(field, &TE) => return None,
            _ => {}
        }
    }
    Some(framing)
}

fn is(field: &httparse::Header<'_>, name: &HeaderName) -> bool {
    field.name.eq_ignore_ascii_case(name.as_str())
}

fn content_length(value: &[u8]) -> Option<usize> {
    if value.is_empty() || value.len() > 5 || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let length = value.iter().fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
    (length <= MOST_CONTENT).then_some(length)
}

#[cfg(test)]
mod tests {
    use http::header::HOST;
    use http_body_util::BodyExt as _;

    use super::*;

    fn plain(text: &str) -> Plain {
        read(text.as_bytes()).unwrap().unwrap()
    }

    #[tokio::test]
    async fn a_request_is_read_to_its_end_and_no_further() {
        let one = "POST /a?b=c HTTP/1.1\r\nHost: a.example\r\nX-Two: 1\r\nx-two: 2\r\nContent-Length: 3\r\n\r\nabc";
        let Plain { request, closes, length } = plain(&format!("{one}GET / HTTP/1.1\r\n"));
        assert_eq!((length, closes), (one.len(), false));
        assert_eq!((request.method(), request.uri().to_string().as_str()), (&Method::POST, "/a?b=c"));
        assert_eq!(request.headers()[HOST], "a.example");
        assert_eq!(request.headers().get_all("x-two").iter().collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(request.into_body().collect().await.unwrap().to_bytes(), "abc");
    }

    #[test]
    fn a_request_is_partial_at_every_byte_before_its_end() {
        let whole = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\nab";
        for end in 0..whole.len() {
            assert!(read(&whole.as_bytes()[..end]).unwrap().is_none(), "{end}");
        }
        assert!(plain(whole).closes);
    }

    #[test]
    fn whatever_could_be_read_two_ways_is_not_plain() {
        for odd in [
            "PRI * HTTP/2.0\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
            "HEAD / HTTP/1.1\r\n\r\n",
            "CONNECT a.example:443 HTTP/1.1\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\n\r\n",
            "GET http://a.example/ HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nhost : a\r\n\r\n",
            "GET / HTTP/1.1\r\na: b\r\n c\r\n\r\n",
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
            assert!(read(odd.as_bytes()).is_err(), "{odd:?}");
        }
    }

    #[test]
    fn a_long_message_is_not_plain() {
        let long = format!("GET / HTTP/1.1\r\nx: {}", "a".repeat(MOST_HEAD));
        assert!(read(long.as_bytes()).is_err());
        assert!(read(format!("{long}\r\n\r\n").as_bytes()).is_err());
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(MOST_FIELDS + 1));
        assert!(read(many.as_bytes()).is_err());
    }
}
