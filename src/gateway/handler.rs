//! The words in which the server and the gateway speak of one request.
//!
//! The server shows every request to an [`Handler`]. It either answers, or says that no operation
//! matched and leaves the request untouched, so that it can pass through to where it belongs.
//! Content that had to be read in order to decide is left as it was read.

use std::error::Error;
use std::future::Future;
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::header::HOST;
use http::uri::Authority;
use http::{HeaderValue, Response, Version, request};
use http_body::Body;
use uuid::Uuid;

/// What answers requests: the gateway, or a toy in a test.
pub trait Handler: Send + Sync + 'static {
    /// Answers the request of `head` and `content`, also where the answer is a refusal; `None` if no
    /// operation of any route matches it. `host` is the head's, as [`host_of`] has it.
    ///
    /// All of it stays where it is, for a request is large to hand on. Dropping the future gives the
    /// exchange up: the caller has gone.
    fn exchange<B>(
        &self,
        head: &request::Parts,
        arrival: &Arrival,
        host: Option<&str>,
        content: &mut Content<B>,
    ) -> impl Future<Output = Option<Response<Bytes>>> + Send
    where
        B: Body<Data = Bytes> + Send + Unpin,
        B::Error: Into<Box<dyn Error + Send + Sync>>;

    /// Words the server's own refusal in the envelope of the operation that `head` asks for.
    ///
    /// `None`, also the default, stands for no such operation: the server then answers in plain text.
    fn refuse(&self, head: &request::Parts, arrival: &Arrival, refusal: Refusal) -> Option<Response<Bytes>> {
        let _ = (head, arrival, refusal);
        None
    }
}

/// The content of a request.
#[derive(Debug)]
pub enum Content<B> {
    /// Nothing of it was read: it can be streamed.
    Unread(B),
    /// All of it was read.
    Read(Bytes),
}

/// Why the server itself refuses a request before anybody reads its content.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// Request line and header fields together are longer than `max_head_bytes` (431).
    HeadTooLarge,
    /// There are more header fields than `max_fields` (431).
    TooManyFields,
    /// As many requests as `max_requests` allows are under way (503).
    Overloaded,
}

/// Where a request comes from, and what it is called.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Arrival {
    /// Who sent it.
    pub peer: Peer,
    /// Its name.
    pub id: RequestId,
}

/// Who is at the other end of the connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Peer {
    /// The address the connection came from.
    pub address: SocketAddr,
    /// Its network address as text, for whoever is told of it.
    pub ip: Arc<str>,
}

impl Peer {
    /// Whoever has that address.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, ip: address.ip().to_string().into() }
    }
}

/// The name of one request in logs and answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestId {
    value: HeaderValue,
    uuid: Uuid,
}

/// The route and operation that answered; in the extensions of a response, for the access line.
///
/// Without it the access line shows the path instead.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RouteName(pub Arc<str>);

// ===== impl RequestId =====

impl RequestId {
    /// The longest id taken from a caller, in characters.
    pub const MAX_LENGTH: usize = 64;

    /// Takes a caller's id if it is a sane token: 1 to [`Self::MAX_LENGTH`] letters, digits and `-_.:`.
    #[must_use]
    pub fn accept(value: &HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        let sane = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
        let is_sane = (1..=Self::MAX_LENGTH).contains(&bytes.len()) && bytes.iter().all(sane);
        let uuid = || Uuid::try_parse_ascii(bytes).unwrap_or_else(|_| Uuid::new_v4());
        is_sane.then(|| Self { value: value.clone(), uuid: uuid() })
    }

    /// A new random id, a UUID of version 4.
    #[must_use]
    pub fn random() -> Self {
        let uuid = Uuid::new_v4();
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        let text = uuid.hyphenated().encode_lower(&mut text);
        Self { value: HeaderValue::from_str(text).expect("a UUID is visible ASCII"), uuid }
    }

    /// The id as a field value.
    #[must_use]
    pub fn as_value(&self) -> &HeaderValue {
        &self.value
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.value.to_str().unwrap_or_default()
    }

    /// The id where only a UUID will do: itself if it is one, else one made for the request.
    #[must_use]
    pub fn as_uuid(&self) -> Uuid {
        self.uuid
    }
}

/// The host a request is for, without the port and in the case it came in; compare it without case.
///
/// `None` where [`authority_of`] is `None`.
#[must_use]
pub fn host_of(head: &request::Parts) -> Option<&str> {
    named(head).map(|(_, host)| host)
}

/// The one host, perhaps with a port, that a request is for.
///
/// The target's authority (HTTP/2, or absolute form) stands before the `Host` field, as RFC 9112
/// section 3.2.2 has it. `None` if the request names no host, several, none that can be a host, or in
/// HTTP/2 two different ones, which RFC 9113 section 8.3.1 calls malformed.
#[must_use]
pub fn authority_of(head: &request::Parts) -> Option<&str> {
    named(head).map(|(authority, _)| authority)
}

/// The authority, and the host in it.
fn named(head: &request::Parts) -> Option<(&str, &str)> {
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

/// The bytes that a host has which is no address in brackets.
const IS_OF_A_HOST: [bool; 256] = {
    let mut all = [false; 256];
    let mut byte = 0u8;
    while byte < 128 {
        all[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        byte += 1;
    }
    all
};

/// `host[:port]` without its port, if it is one. Narrower than a URI allows, so that it can be written
/// into any field as it is.
pub(crate) fn host(authority: &str) -> Option<&str> {
    // By bytes: it is asked twice a request, and a search for a `char` costs three times as much.
    let bytes = authority.as_bytes();
    let end_of_address = bytes.iter().rposition(|byte| *byte == b']').map_or(0, |bracket| bracket + 1);
    let port = bytes[end_of_address..].iter().position(|byte| *byte == b':');
    let (host, port) = authority.split_at(port.map_or(authority.len(), |colon| end_of_address + colon));
    let is_port = port.bytes().skip(1).all(|byte| byte.is_ascii_digit());
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(|byte| IS_OF_A_HOST[usize::from(byte)]),
    };
    (is_host && is_port).then_some(host)
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
    fn a_host_is_compared_without_its_port() {
        assert_eq!(host_of(&request("/", &["api.example:8443"])), Some("api.example"));
        assert_eq!(host_of(&request("/", &["API.example"])), Some("API.example"));
        assert_eq!(host_of(&request("/", &["[::1]:80"])), Some("[::1]"));
        assert_eq!(host_of(&request("/", &["[::1]"])), Some("[::1]"));
        assert_eq!(host_of(&request("http://a.example:1/x", &["b.example"])), Some("a.example"));
    }

    #[test]
    fn a_request_without_one_clear_host_has_none() {
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

    #[test]
    fn only_a_sane_request_id_is_accepted() {
        let accepts = |text: &str| RequestId::accept(&HeaderValue::from_str(text).unwrap());
        assert_eq!(accepts("req-1_a.b:c").unwrap().as_str(), "req-1_a.b:c");
        assert!(accepts(&"a".repeat(64)).is_some());
        for insane in ["", "a b", "a,b", "{}", "\"q\"", &"a".repeat(65)] {
            assert!(accepts(insane).is_none(), "{insane:?}");
        }
    }

    #[test]
    fn a_random_request_id_is_accepted_and_new() {
        let id = RequestId::random();
        assert_eq!(RequestId::accept(id.as_value()), Some(id.clone()));
        assert_ne!(id, RequestId::random());
    }
}
