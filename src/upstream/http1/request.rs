//! Writes a request as HTTP/1.1 has it: one buffer, head and content together.
//!
//! What does not change from call to call is prepared once. The fields that speak of the connection
//! or of the framing are the client's own; a request's are left out.

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING,
    UPGRADE,
};
use http::{HeaderName, Method, Request};
use url::Url;

use crate::upstream::default_headers::{CUSTOMARY, Customary};

/// What every request to one upstream has in common.
#[derive(Debug)]
pub(super) struct RequestWriter {
    /// What stands before every path.
    prefix: Box<[u8]>,
    /// The end of the request line, and the fields that are always the same.
    fixed: Box<[u8]>,
}

// ===== impl RequestWriter =====

impl RequestWriter {
    /// For requests behind `base`.
    pub(super) fn new(base: &Url) -> Self {
        let host = base.host_str().unwrap_or_default();
        let port = base.port().map(|port| format!(":{port}")).unwrap_or_default();
        let fixed = format!(" HTTP/1.1\r\nhost: {host}{port}\r\naccept-encoding: identity\r\n");
        let prefix = base.path().trim_end_matches('/');
        Self { prefix: prefix.as_bytes().into(), fixed: fixed.into_bytes().into() }
    }

    /// Writes `request` into the empty `out`. Its target is a path, perhaps with a query.
    pub(super) fn write(&self, request: &Request<Bytes>, out: &mut Vec<u8>) {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        out.extend_from_slice(request.method().as_str().as_bytes());
        out.push(b' ');
        out.extend_from_slice(&self.prefix);
        out.extend_from_slice(target.as_bytes());
        out.extend_from_slice(&self.fixed);
        let content = request.body();
        for Customary { name, line, is_of_content, .. } in &CUSTOMARY {
            if (!is_of_content || !content.is_empty()) && !request.headers().contains_key(name) {
                out.extend_from_slice(line);
            }
        }
        for (name, value) in request.headers() {
            if is_the_clients(name) {
                continue;
            }
            out.extend_from_slice(name.as_str().as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        if !content.is_empty() || expects_content(request.method()) {
            out.extend_from_slice(b"content-length: ");
            out.extend_from_slice(itoa::Buffer::new().format(content.len()).as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(content);
    }
}

fn is_the_clients(name: &HeaderName) -> bool {
    // Standard names are compared as numbers.
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

/// RFC 9110 section 8.6: the length is told, even if it is 0, where the method has a use for content.
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
    fn head_and_content_stand_in_one_piece() {
        let request = Request::post("/a?b=%2F").header("User-Agent", "x").body("{\"a\":1}").unwrap();
        let told = "POST /api/a?b=%2F HTTP/1.1\r\nhost: id.example\r\naccept-encoding: identity\r\n\
            accept: application/json\r\ncontent-type: application/json\r\nuser-agent: x\r\ncontent-length: 7\r\n\r\n\
            {\"a\":1}";
        assert_eq!(written("https://id.example/api", request), told);
    }

    #[test]
    fn the_host_has_a_port_where_it_is_not_the_schemes_own() {
        for (base, host) in [
            ("https://id.example", "id.example"),
            ("https://id.example:443", "id.example"),
            ("https://id.example:80", "id.example:80"),
            ("http://127.0.0.1:8080/x", "127.0.0.1:8080"),
            ("http://[::1]:81", "[::1]:81"),
        ] {
            let told = written(base, Request::get("/").body("").unwrap());
            assert!(told.contains(&format!("\r\nhost: {host}\r\n")), "{told}");
        }
    }

    #[test]
    fn a_length_is_told_where_there_is_content_or_a_use_for_it() {
        for (method, content, told) in [
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
            assert_eq!(written.contains(&line), told, "{written}");
        }
    }

    #[test]
    fn what_speaks_of_connection_or_framing_is_the_clients_own() {
        let names = "host content-length accept-encoding connection keep-alive transfer-encoding te trailer upgrade \
            expect proxy-authorization";
        let mut request = Request::get("/").header("x-kept", "1");
        for name in names.split(' ') {
            request = request.header(name, "evil");
        }
        let told = written("http://h", request.body("").unwrap());
        assert!(told.contains("x-kept: 1\r\n") && !told.contains("evil"), "{told}");
    }
}
