//! Where a request comes from: the connection's peer, the client behind trusted proxies, and the id of the request.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::HeaderValue;
use uuid::Uuid;

/// Where a request comes from, and its id.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Arrival {
    /// The peer that sent it.
    pub peer: Peer,
    /// The client, if the peer is a trusted proxy.
    pub forwarded: Option<Box<ForwardedClient>>,
    /// Its id.
    pub id: RequestId,
}

/// The other end of the connection, or the source that a PROXY protocol header gives.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Peer {
    /// Its address. A peer on a Unix socket has none.
    pub address: Option<SocketAddr>,
    /// Its IP address as text, or "unknown" (RFC 7239 section 6.2). An IPv4-mapped address is written as IPv4.
    pub text: Arc<str>,
    /// Whether it is a trusted proxy, whose forwarding fields count.
    pub is_trusted: bool,
    /// Whether limits by client address bind it.
    pub limits: AddressLimits,
}

/// The client of a request that trusted proxies forwarded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ForwardedClient {
    /// Its address, if it is known.
    pub address: Option<IpAddr>,
    /// Its address as text.
    pub text: Arc<str>,
    /// The trusted proxies between the client and the peer, from the client on.
    pub proxies: Vec<IpAddr>,
    /// The scheme of the client's request.
    pub scheme: Scheme,
    /// The host and port of the client's request, if a trusted proxy sent it. Routes do not match on it.
    pub authority: Option<String>,
    /// Whether limits by client address bind it.
    pub limits: AddressLimits,
}

/// The scheme of a client's request.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Scheme {
    /// `http`.
    #[default]
    Http,
    /// `https`.
    Https,
}

/// Whether limits by client address bind a client.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum AddressLimits {
    /// They do.
    Enforced,
    /// The config does not declare how the client address is known, so the address may be that of a proxy: exceeded
    /// limits are counted, and nothing is refused.
    #[default]
    Observed,
    /// It is a trusted proxy, which sends the requests of many clients.
    Exempt,
}

// ===== impl Arrival =====

impl Arrival {
    /// A request of a peer that forwards for no other client.
    pub fn of_peer(peer: Peer, id: RequestId) -> Self {
        Self { peer, forwarded: None, id }
    }

    /// The address of the client, if it is known.
    pub fn client_address(&self) -> Option<IpAddr> {
        self.forwarded.as_ref().map_or_else(|| self.peer.ip(), |client| client.address)
    }

    /// The address of the client as text.
    pub fn client_text(&self) -> &Arc<str> {
        self.forwarded.as_ref().map_or(&self.peer.text, |client| &client.text)
    }

    /// Whether limits by client address bind the client.
    pub fn address_limits(&self) -> AddressLimits {
        self.forwarded.as_ref().map_or(self.peer.limits, |client| client.limits)
    }
}

// ===== impl Peer =====

impl Peer {
    /// The peer with an address, which is not trusted and whose limits are only observed.
    pub fn new(address: SocketAddr) -> Self {
        let ip = address.ip().to_canonical();
        let address = Some(SocketAddr::new(ip, address.port()));
        Self { address, text: ip.to_string().into(), is_trusted: false, limits: AddressLimits::Observed }
    }

    /// A peer without an address.
    #[must_use]
    pub fn unknown() -> Self {
        Self { address: None, text: "unknown".into(), is_trusted: false, limits: AddressLimits::Observed }
    }

    /// Its IP address.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.address.map(|address| address.ip())
    }
}

// ===== impl Scheme =====

impl Scheme {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// The id of a request in logs and responses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestId {
    value: HeaderValue,
    uuid: Uuid,
}

// ===== impl RequestId =====

impl RequestId {
    /// The longest id that is accepted from a caller, in characters.
    pub const MAX_LENGTH: usize = 64;

    /// Accepts a caller's id of 1 to [`Self::MAX_LENGTH`] letters, digits and `-_.:`.
    #[must_use]
    pub fn accept(value: &HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
        let is_valid = (1..=Self::MAX_LENGTH).contains(&bytes.len()) && bytes.iter().all(is_allowed);
        let uuid = || Uuid::try_parse_ascii(bytes).unwrap_or_else(|_| Uuid::new_v4());
        is_valid.then(|| Self { value: value.clone(), uuid: uuid() })
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

    /// The id as a UUID: itself if it is one, else a random one of the request.
    #[must_use]
    pub fn as_uuid(&self) -> Uuid {
        self.uuid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_request_id_is_ignored() {
        let accepts = |text: &str| RequestId::accept(&HeaderValue::from_str(text).unwrap());
        assert_eq!(accepts("req-1_a.b:c").unwrap().as_str(), "req-1_a.b:c");
        assert!(accepts(&"a".repeat(64)).is_some());
        for invalid in ["", "a b", "a,b", "{}", "\"q\"", &"a".repeat(65)] {
            assert!(accepts(invalid).is_none(), "{invalid:?}");
        }
    }

    #[test]
    fn a_random_request_id_is_valid_and_unique() {
        let id = RequestId::random();
        assert_eq!(RequestId::accept(id.as_value()), Some(id.clone()));
        assert_ne!(id, RequestId::random());
    }
}
