//! Removes hop-by-hop fields (RFC 9110 section 7.6.1): the standard ones and those that `Connection` lists.
//!
//! The client, the server or `upgrade` sets them for the next connection.

use http::header::{CONNECTION, EXPECT, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue};

const FIELDS: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("http2-settings"),
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
];

/// Removes the hop-by-hop fields of a request, except `TE: trailers`.
pub(super) fn strip_request(headers: &mut HeaderMap) {
    let takes_trailers = has_token(headers, TE, "trailers");
    strip(headers);
    // The server has sent the 100 already, and the content is sent without waiting.
    headers.remove(EXPECT);
    if takes_trailers {
        // Without the `Connection: te` that HTTP/1.1 requires: the version is not known yet, and in HTTP/2
        // the client would remove `TE` together with it.
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// Removes all hop-by-hop fields.
pub(super) fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> =
        tokens(headers, CONNECTION).filter_map(|token| HeaderName::from_bytes(token).ok()).collect();
    for name in FIELDS.iter().chain(&named) {
        headers.remove(name);
    }
}

/// Whether one of the comma-separated values is `token`, ignoring case.
pub(super) fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|found| found.eq_ignore_ascii_case(token.as_bytes()))
}

fn tokens(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(name).into_iter().map(HeaderValue::as_bytes);
    lines.flat_map(|line| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let fields = lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn standard_and_listed_fields_are_removed() {
        let mut headers = fields(&[
            ("connection", "close, X-One"),
            ("connection", "x-two , not a token,, te"),
            ("x-one", "1"),
            ("x-two", "2"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("trailer", "x-sum"),
            ("x-three", "3"),
        ]);
        strip(&mut headers);
        assert_eq!(headers, fields(&[("trailer", "x-sum"), ("x-three", "3")]));
    }

    #[test]
    fn te_keeps_only_trailers() {
        let mut headers =
            fields(&[("te", "deflate;q=0.5, Trailers"), ("connection", "TE"), ("expect", "100-continue")]);
        strip_request(&mut headers);
        assert_eq!(headers, fields(&[("te", "trailers")]));
        let mut headers = fields(&[("te", "deflate")]);
        strip_request(&mut headers);
        assert!(headers.is_empty());
    }
}
