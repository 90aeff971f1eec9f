//! The rules of RFC 9112 for the head of a request, beyond its syntax: one framing, one host, no repeated
//! field that must be single, and no line that ends in a bare LF.
//!
//! Parsers disagree about messages that break these rules, so that a target behind the gateway could see
//! another request than the gateway. Such a message is refused, never repaired.

use memchr::memchr_iter;

use crate::base::host::host;
use crate::http1::framing::{Framing, FramingFields};
use crate::http1::invalid_message::InvalidMessage;

/// The fields of one request head, as far as the rules concern them.
#[derive(Debug, Default)]
pub(crate) struct RequestFields {
    framing: FramingFields,
    has_host: bool,
    has_content_type: bool,
    has_authorization: bool,
}

// ===== impl RequestFields =====

impl RequestFields {
    /// Adds a field; the name may be in any case.
    pub(crate) fn add(&mut self, name: &str, value: &[u8]) -> Result<(), InvalidMessage> {
        // Matching the length first means that most fields cost one comparison.
        let seen = match name.len() {
            4 if name.eq_ignore_ascii_case("host") => &mut self.has_host,
            12 if name.eq_ignore_ascii_case("content-type") => &mut self.has_content_type,
            13 if name.eq_ignore_ascii_case("authorization") => &mut self.has_authorization,
            _ => return self.framing.add(name, value),
        };
        if std::mem::replace(seen, true) { Err(InvalidMessage::RepeatedField) } else { Ok(()) }
    }

    /// Whether `connection` contains `close`.
    pub(crate) fn closes(&self) -> bool {
        self.framing.closes
    }

    /// The framing of the request; HTTP/1.1 if `is_1_1`, else HTTP/1.0.
    pub(crate) fn framing(&self, is_1_1: bool) -> Result<Framing, InvalidMessage> {
        if is_1_1 && !self.has_host {
            return Err(InvalidMessage::Host);
        }
        self.framing.of_request(is_1_1)
    }
}

/// Checks the value of a `host` field.
pub(crate) fn check_host(value: &[u8]) -> Result<(), InvalidMessage> {
    let is_valid = std::str::from_utf8(value).is_ok_and(|value| host(value).is_some());
    if is_valid { Ok(()) } else { Err(InvalidMessage::Host) }
}

/// Checks the target of a request: a path, an `http` URI, or the forms of `OPTIONS` and `CONNECT`. A fragment
/// is never part of it (RFC 9112 section 3.2).
pub(crate) fn check_target(method: &str, target: &str) -> Result<(), InvalidMessage> {
    let has_form = match target.as_bytes() {
        [b'/', ..] => true,
        b"*" => method == "OPTIONS",
        _ if method == "CONNECT" => host(target).is_some(),
        _ => absolute_authority(target).is_some_and(|authority| host(authority).is_some()),
    };
    if has_form && !target.contains('#') { Ok(()) } else { Err(InvalidMessage::Target) }
}

/// The authority of an absolute-form target.
fn absolute_authority(target: &str) -> Option<&str> {
    let (scheme, rest) = target.split_once("://")?;
    let is_http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    is_http.then(|| rest.split(['/', '?', '#']).next().unwrap_or_default())
}

/// Checks that every line of `head` ends in CR LF. RFC 9112 section 2.2 allows a bare LF, but not every
/// implementation accepts it.
pub(crate) fn check_line_ends(head: &[u8]) -> Result<(), InvalidMessage> {
    let is_bare = |end: usize| end == 0 || head[end - 1] != b'\r';
    if memchr_iter(b'\n', head).any(is_bare) { Err(InvalidMessage::BareLineFeed) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_forms_of_a_target_are_accepted() {
        for (method, target) in [
            ("GET", "/"),
            ("GET", "/a?b=c"),
            ("OPTIONS", "*"),
            ("GET", "http://a.example/x"),
            ("GET", "HTTPS://a.example:80?x"),
            ("CONNECT", "a.example:443"),
        ] {
            assert!(check_target(method, target).is_ok(), "{method} {target}");
        }
        for (method, target) in [
            ("GET", "*"),
            ("GET", "a.example:443"),
            ("GET", "ftp://a.example/"),
            ("GET", "http://user@a.example/"),
            ("GET", "http://a.example:80x/"),
            ("GET", "http://a.example:99999/"),
            ("GET", "http:///x"),
            ("GET", "/a#b"),
            ("CONNECT", "/"),
            ("GET", "x"),
        ] {
            let is_path_of_connect = (method, target) == ("CONNECT", "/"); // refused by its method
            assert_eq!(check_target(method, target).is_ok(), is_path_of_connect, "{method} {target}");
        }
    }

    #[test]
    fn a_bare_line_feed_is_found_anywhere() {
        assert!(check_line_ends(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").is_ok());
        for head in ["\nGET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\n\r\n", "GET / HTTP/1.1\r\na: b\n\r\n", "a\r\n\n"] {
            assert_eq!(check_line_ends(head.as_bytes()), Err(InvalidMessage::BareLineFeed), "{head:?}");
        }
    }
}
