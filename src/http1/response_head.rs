//! The head of a response, read and written.
//!
//! An incomplete head is not parsed again and again: it is searched for its end, each byte once, so that a
//! head that arrives byte by byte costs no more than one that arrives whole.

use std::cell::RefCell;
use std::mem::MaybeUninit;
use std::time::{Duration, SystemTime};

use http::header::{CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use httparse::Status;

use crate::http1::field;
use crate::http1::framing::{Framing, FramingFields};
use crate::http1::header_filter::HeaderFilter;
use crate::http1::invalid_message::InvalidMessage;
use crate::http1::limits::MAX_FIELDS;

/// A complete head.
#[derive(Debug)]
pub(super) struct ResponseHead {
    pub(super) status: StatusCode,
    pub(super) version: Version,
    pub(super) fields: HeaderMap,
    pub(super) framing: Framing,
    pub(super) keeps_alive: bool,
}

thread_local! {
    /// The current second since 1970, and its `Date` field.
    static DATE_CACHE: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
}

/// Whether `bytes` contain the empty line that ends a head. The first `searched` bytes do not.
pub(super) fn is_complete(bytes: &[u8], searched: usize) -> bool {
    // The empty line may begin within the bytes already searched.
    let rest = &bytes[searched.saturating_sub(3)..];
    rest.windows(2).any(|two| two == b"\n\n") || rest.windows(3).any(|three| three == b"\n\r\n")
}

/// Reads the head at the beginning of `bytes`, and its length; `None` if it is incomplete.
pub(super) fn read(
    bytes: &[u8],
    to_head: bool,
    filter: HeaderFilter<'_>,
) -> Result<Option<(ResponseHead, usize)>, InvalidMessage> {
    let mut fields = [const { MaybeUninit::uninit() }; MAX_FIELDS];
    let mut parsed = httparse::Response::new(&mut []);
    let outcome = httparse::ParserConfig::default().parse_response_with_uninit_headers(&mut parsed, bytes, &mut fields);
    let length = match outcome {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(error) => return Err(InvalidMessage::Head(error)),
    };
    let version = if parsed.version == Some(1) { Version::HTTP_11 } else { Version::HTTP_10 };
    let status = parsed.code.and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or(InvalidMessage::Head(httparse::Error::Status))?;
    let mut framing = FramingFields::default();
    let mut map = HeaderMap::new();
    for field in &*parsed.headers {
        framing.add(field.name, field.value)?;
        if !filter.keeps(field.name) {
            continue;
        }
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let name = name.map_err(|_| InvalidMessage::Head(httparse::Error::HeaderName))?;
        let value = HeaderValue::from_bytes(field.value);
        map.append(name, value.map_err(|_| InvalidMessage::Head(httparse::Error::HeaderValue))?);
    }
    let keeps_alive = framing.keeps_alive(version);
    let framing = framing.of_response(status, version, to_head)?;
    Ok(Some((ResponseHead { status, version, fields: map, framing, keeps_alive }, length)))
}

/// Appends the head of a response. A `content-length` in `fields` takes precedence over `framing`.
pub(crate) fn write(status: StatusCode, fields: &HeaderMap, framing: Framing, closes: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    out.extend_from_slice(b"\r\n");
    let (mut has_date, mut has_length) = (false, false);
    for (name, value) in fields {
        if *name == CONNECTION || *name == TRANSFER_ENCODING {
            continue; // they concern the connection they arrived on
        }
        if *name == CONTENT_LENGTH && status == StatusCode::NO_CONTENT {
            continue; // RFC 9110 section 8.6
        }
        has_date |= *name == DATE;
        has_length |= *name == CONTENT_LENGTH;
        field::write(name.as_str().as_bytes(), value.as_bytes(), out);
    }
    match framing {
        Framing::Length(length) if !has_length => field::write_content_length(length, out),
        Framing::Chunked => field::write(b"transfer-encoding", b"chunked", out),
        Framing::Length(_) | Framing::Empty | Framing::UntilClose => {}
    }
    if closes {
        field::write(b"connection", b"close", out);
    }
    if !has_date {
        DATE_CACHE.with_borrow_mut(|(second, text)| {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
            if *second != now {
                *second = now;
                *text = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(now));
            }
            field::write(b"date", text.as_bytes(), out);
        });
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE_FIELD: (&str, &str) = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");

    fn written(status: u16, fields: &[(&'static str, &'static str)], framing: Framing, closes: bool) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let mut out = Vec::new();
        write(StatusCode::from_u16(status).unwrap(), &map, framing, closes, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn framing_fields_of_another_connection_are_replaced() {
        let fields = [DATE_FIELD, ("transfer-encoding", "gzip"), ("connection", "x"), ("a", "1"), ("a", "2")];
        let begin = "HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\na: 1\r\na: 2\r\n";
        assert_eq!(
            written(200, &fields, Framing::Length(1_048_576), false),
            format!("{begin}content-length: 1048576\r\n\r\n")
        );
        assert_eq!(
            written(200, &fields, Framing::Chunked, true),
            format!("{begin}transfer-encoding: chunked\r\nconnection: close\r\n\r\n")
        );
        assert_eq!(written(200, &fields, Framing::Empty, false), format!("{begin}\r\n"));
    }

    #[test]
    fn the_length_is_written_once() {
        let head = written(200, &[DATE_FIELD, ("content-length", "3")], Framing::Length(3), false);
        assert_eq!(head.matches("content-length: 3\r\n").count(), 1);
        assert_eq!(written(299, &[DATE_FIELD], Framing::Length(0), false).lines().next(), Some("HTTP/1.1 299 "));
    }

    #[test]
    fn a_missing_date_is_the_current_time() {
        let head = written(200, &[], Framing::Empty, false);
        let date = head.split("date: ").nth(1).and_then(|rest| rest.split_once("\r\n")).unwrap().0;
        let age = SystemTime::now().duration_since(httpdate::parse_http_date(date).unwrap()).unwrap();
        assert!(age < Duration::from_secs(60), "{date}");
    }

    #[test]
    fn written_head_reads_back() {
        for (framing, closes) in [(Framing::Length(3), false), (Framing::Chunked, true), (Framing::Length(0), true)] {
            let text = written(200, &[DATE_FIELD, ("a", "1")], framing, closes);
            let (head, length) = read(text.as_bytes(), false, HeaderFilter::All).unwrap().unwrap();
            assert_eq!((head.framing, head.keeps_alive, length), (framing, !closes, text.len()));
            assert_eq!(head.fields["a"], "1");
        }
    }
}
