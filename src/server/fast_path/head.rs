//! The head of an answer as it is written: the status line, the fields, and what frames the content.

use std::cell::RefCell;
use std::time::{Duration, SystemTime};

use http::header::{CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING};
use http::{HeaderMap, StatusCode};

/// How content ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Framing {
    /// After so many bytes.
    Length(u64),
    /// With its last chunk.
    Chunked,
    /// There is none, and no word of it (RFC 9110 section 8.6, RFC 9112 section 6.3).
    None,
}

thread_local! {
    /// The second it is, since 1970, and how `Date` has it.
    static TODAY: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
}

/// Appends the head of an answer. A length that `fields` tell is the content's.
pub(super) fn write(status: StatusCode, fields: &HeaderMap, framing: Framing, closes: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    out.extend_from_slice(b"\r\n");
    let (mut is_dated, mut has_length) = (false, false);
    for (name, value) in fields {
        if *name == CONNECTION || *name == TRANSFER_ENCODING {
            continue; // they are this connection's
        }
        if *name == CONTENT_LENGTH && status == StatusCode::NO_CONTENT {
            continue; // RFC 9110 section 8.6, whoever answered
        }
        is_dated |= *name == DATE;
        has_length |= *name == CONTENT_LENGTH;
        field(name.as_str().as_bytes(), value.as_bytes(), out);
    }
    match framing {
        Framing::Length(_) if has_length => {}
        Framing::Length(length) => {
            field(b"content-length", itoa::Buffer::new().format(length).as_bytes(), out);
        }
        Framing::Chunked => field(b"transfer-encoding", b"chunked", out),
        Framing::None => {}
    }
    if closes {
        field(b"connection", b"close", out);
    }
    if !is_dated {
        TODAY.with_borrow_mut(|(second, text)| {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
            if *second != now {
                *second = now;
                *text = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(now));
            }
            field(b"date", text.as_bytes(), out);
        });
    }
    out.extend_from_slice(b"\r\n");
}

fn field(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn written(status: u16, fields: &[(&'static str, &'static str)], framing: Framing, closes: bool) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let mut out = Vec::new();
        write(StatusCode::from_u16(status).unwrap(), &map, framing, closes, &mut out);
        String::from_utf8(out).unwrap()
    }

    const DATED: (&str, &str) = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");

    #[test]
    fn a_head_says_how_its_content_ends_and_nothing_else_does() {
        let spoiled = [DATED, ("transfer-encoding", "gzip"), ("connection", "x"), ("a", "1"), ("a", "2")];
        let begin = "HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\na: 1\r\na: 2\r\n";
        assert_eq!(
            written(200, &spoiled, Framing::Length(1_048_576), false),
            format!("{begin}content-length: 1048576\r\n\r\n")
        );
        assert_eq!(
            written(200, &spoiled, Framing::Chunked, true),
            format!("{begin}transfer-encoding: chunked\r\nconnection: close\r\n\r\n")
        );
        assert_eq!(written(200, &spoiled, Framing::None, false), format!("{begin}\r\n"));
    }

    #[test]
    fn a_length_is_told_once() {
        let told = written(200, &[DATED, ("content-length", "3")], Framing::Length(3), false);
        assert_eq!(told.matches("content-length: 3\r\n").count(), 1);
        assert_eq!(written(299, &[DATED], Framing::Length(0), false).lines().next(), Some("HTTP/1.1 299 "));
    }

    #[test]
    fn an_answer_without_a_date_is_dated_now() {
        let told = written(200, &[], Framing::None, false);
        let date = told.split("date: ").nth(1).and_then(|rest| rest.split_once("\r\n")).unwrap().0;
        let age = SystemTime::now().duration_since(httpdate::parse_http_date(date).unwrap()).unwrap();
        assert!(age < Duration::from_secs(60), "{date}");
    }
}
