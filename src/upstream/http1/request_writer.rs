//! Writes a request, head and content, into one buffer.
//!
//! The parts that are the same in every request are prepared once. Fields about the connection and framing
//! are set by the client; those of the request are ignored.

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING,
    UPGRADE,
};
use http::{HeaderName, Method, Request};
use url::Url;

use crate::http1::field;
use crate::upstream::default_headers::{DEFAULT_HEADERS, DefaultHeader};

/// Writes requests to one upstream.
#[derive(Debug)]
pub(super) struct RequestWriter {
    /// The path of the base URL.
    prefix: Box<[u8]>,
    /// The end of the request line, and the fields that are the same in every request.
    fixed: Box<[u8]>,
}

// ===== impl RequestWriter =====

impl RequestWriter {
    /// Writes requests below `base`.
    pub(super) fn new(base: &Url) -> Self {
        let host = base.host_str().unwrap_or_default();
        let port = base.port().map(|port| format!(":{port}")).unwrap_or_default();
        let fixed = format!(" HTTP/1.1\r\nhost: {host}{port}\r\naccept-encoding: identity\r\n");
        let prefix = base.path().trim_end_matches('/');
        Self { prefix: prefix.as_bytes().into(), fixed: fixed.into_bytes().into() }
    }

    /// Appends `request` to `out`. Its target is a path with an optional query.
    pub(super) fn write(&self, request: &Request<Bytes>, out: &mut Vec<u8>) {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        out.extend_from_slice(request.method().as_str().as_bytes());
        out.push(b' ');
        out.extend_from_slice(&self.prefix);
        out.extend_from_slice(target.as_bytes());
        out.extend_from_slice(&self.fixed);
        let content = request.body();
        for DefaultHeader { name, line, needs_content, .. } in &DEFAULT_HEADERS {
            if (!needs_content || !content.is_empty()) && !request.headers().contains_key(name) {
                out.extend_from_slice(line);
            }
        }
        for (name, value) in request.headers() {
            if !is_set_by_client(name) {
                field::write(name.as_str().as_bytes(), value.as_bytes(), out);
            }
        }
        if !content.is_empty() || expects_content(request.method()) {
            field::write_content_length(content.len() as u64, out);
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(content);
    }
}

fn is_set_by_client(name: &HeaderName) -> bool {
    // Standard names compare as integers.
    matches!(
        *name,
        HOST | CONTENT_LENGTH
            | ACCEPT_ENCODING
            | CONNECTION
            | TRANSFER_ENCODING
            | TE
            | TRAILER
            | UPGRADE
            | EXPECT
            | PROXY_AUTHORIZATION
    ) || name == "keep-alive"
}

/// Whether a `content-length` of 0 is sent too (RFC 9110 section 8.6).
fn expects_content(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(base: &str, request: Request<&'static str>) -> String {
        let mut out = Vec::new();
        let writer = RequestWriter::new(&Url::parse(base).unwrap());
        writer.write(&request.map(|content| Bytes::from_static(content.as_bytes())), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn head_and_content_are_written_together() {
        let request = Request::post("/a?b=%2F").header("User-Agent", "x").body("{\"a\":1}").unwrap();
        let expected = "POST /api/a?b=%2F HTTP/1.1\r\nhost: id.example\r\naccept-encoding: identity\r\n\
            accept: application/json\r\ncontent-type: application/json\r\nuser-agent: x\r\ncontent-length: 7\r\n\r\n\
            {\"a\":1}";
        assert_eq!(written("https://id.example/api", request), expected);
    }

    #[test]
    fn the_host_includes_a_port_other_than_the_default() {
        for (base, host) in [
            ("https://id.example", "id.example"),
            ("https://id.example:443", "id.example"),
            ("https://id.example:80", "id.example:80"),
            ("http://127.0.0.1:8080/x", "127.0.0.1:8080"),
            ("http://[::1]:81", "[::1]:81"),
        ] {
            let request = written(base, Request::get("/").body("").unwrap());
            assert!(request.contains(&format!("\r\nhost: {host}\r\n")), "{request}");
        }
    }

    #[test]
    fn the_length_is_written_if_there_is_content_or_the_method_expects_it() {
        for (method, content, has_length) in [
            ("GET", "", false),
            ("DELETE", "", false),
            ("HEAD", "", false),
            ("PUT", "", true),
            ("POST", "", true),
            ("PATCH", "", true),
            ("GET", "x", true),
        ] {
            let written = written("http://h", Request::builder().method(method).uri("/").body(content).unwrap());
            let line = format!("\r\ncontent-length: {}\r\n", content.len());
            assert_eq!(written.contains(&line), has_length, "{written}");
        }
    }

    #[test]
    fn connection_and_framing_fields_of_a_request_are_ignored() {
        let names = "host content-length accept-encoding connection keep-alive transfer-encoding te trailer upgrade \
            expect proxy-authorization";
        let mut request = Request::get("/").header("x-kept", "1");
        for name in names.split(' ') {
            request = request.header(name, "evil");
        }
        let request = written("http://h", request.body("").unwrap());
        assert!(request.contains("x-kept: 1\r\n") && !request.contains("evil"), "{request}");
    }
}
