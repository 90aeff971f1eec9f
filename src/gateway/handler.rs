//! The interface between the server and the gateway.
//!
//! The server gives every request to a [`Handler`], which either answers it or returns it untouched to be passed
//! through. Content that had to be read for the decision is returned as it was read.

use std::error::Error;
use std::future::Future;

use bytes::Bytes;
use http::header::HOST;
use http::uri::Authority;
use http::{Response, Version, request};
use http_body::Body;

use crate::base::host::host;
pub use crate::gateway::arrival::{AddressLimits, Arrival, ForwardedClient, Peer, RequestId, Scheme};

/// Answers requests: the gateway, or a stand-in in a test.
pub trait Handler: Send + Sync + 'static {
    /// Answers a request, also with a refusal. `None` if no operation of any route matches it. `host` is the host of
    /// the head, as [`host_of`] gives it.
    ///
    /// The request is borrowed, because it is large. Dropping the future cancels the request.
    fn handle<B>(
        &self,
        head: &request::Parts,
        arrival: &Arrival,
        host: Option<&str>,
        content: &mut Content<B>,
    ) -> impl Future<Output = Option<Response<Bytes>>> + Send
    where
        B: Body<Data = Bytes> + Send + Unpin,
        B::Error: Into<Box<dyn Error + Send + Sync>>;

    /// Encodes the server's own rejection in the envelope of the operation that `head` requests.
    ///
    /// `None`, also the default, if there is no such operation: the server then answers in plain text.
    fn reject(&self, head: &request::Parts, arrival: &Arrival, rejection: EdgeRejection) -> Option<Response<Bytes>> {
        let _ = (head, arrival, rejection);
        None
    }
}

/// The content of a request.
#[derive(Debug)]
pub enum Content<B> {
    /// Nothing was read: it can be streamed.
    Unread(B),
    /// All of it was read.
    Read(Bytes),
}

/// Why the server rejects a request before its content is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EdgeRejection {
    /// Request line and header fields together are longer than `max_head_bytes` (431).
    HeadTooLarge,
    /// There are more header fields than `max_fields` (431).
    TooManyFields,
    /// `max_requests` requests are in progress (503).
    Overloaded,
}

/// The host that a request is for, without the port. Compare it case-insensitively.
///
/// `None` where [`authority_of`] is `None`.
#[must_use]
pub fn host_of(head: &request::Parts) -> Option<&str> {
    authority_and_host(head).map(|(_, host)| host)
}

/// The host that a request is for, with its port if it has one.
///
/// The target's authority (HTTP/2, or absolute form) takes precedence over the `Host` field (RFC 9112 section
/// 3.2.2). `None` if the request names no host, several, none that can be a host, or in HTTP/2 two different ones,
/// which RFC 9113 section 8.3.1 calls malformed.
#[must_use]
pub fn authority_of(head: &request::Parts) -> Option<&str> {
    authority_and_host(head).map(|(authority, _)| authority)
}

/// The authority, and the host in it.
fn authority_and_host(head: &request::Parts) -> Option<(&str, &str)> {
    let mut fields = head.headers.get_all(HOST).iter();
    let field = fields.next();
    if fields.next().is_some() {
        return None;
    }
    let field = field.map(|field| field.to_str().unwrap_or_default());
    let target = head.uri.authority().map(Authority::as_str);
    let agree = match (target, field) {
        (Some(target), Some(field)) => target.eq_ignore_ascii_case(field),
        (Some(_), None) | (None, Some(_)) | (None, None) => true,
    };
    let authority = target.or(field).filter(|_| agree || head.version < Version::HTTP_2)?;
    host(authority).map(|host| (authority, host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str, hosts: &[&str]) -> request::Parts {
        let mut request = http::Request::builder().uri(target);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_host_has_no_port() {
        assert_eq!(host_of(&request("/", &["api.example:8443"])), Some("api.example"));
        assert_eq!(host_of(&request("/", &["API.example"])), Some("API.example"));
        assert_eq!(host_of(&request("/", &["[::1]:80"])), Some("[::1]"));
        assert_eq!(host_of(&request("/", &["[::1]"])), Some("[::1]"));
        assert_eq!(host_of(&request("http://a.example:1/x", &["b.example"])), Some("a.example"));
    }

    #[test]
    fn an_ambiguous_host_is_none() {
        assert_eq!(host_of(&request("/", &[])), None);
        assert_eq!(host_of(&request("/", &[""])), None);
        assert_eq!(host_of(&request("/", &[":80"])), None);
        assert_eq!(host_of(&request("/", &["a.example", "b.example"])), None);
        for odd in
            ["user@a.example", "a.example, b.example", "a.example/x", "a.example:80x", "[::1", "[a]", "a b", "\"a\""]
        {
            assert_eq!(host_of(&request("/", &[odd])), None, "{odd}");
        }
        assert_eq!(host_of(&request("http://user@a.example/", &[])), None);
        let mut two_names = request("http://a.example/x", &["b.example"]);
        two_names.version = Version::HTTP_2;
        assert_eq!(host_of(&two_names), None);
    }
}
