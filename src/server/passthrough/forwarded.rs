//! Writes `Forwarded` (RFC 7239), the older `X-Forwarded-*` and `Via` into requests that pass through.
//!
//! What a trusted proxy says about the client is kept, and the peer is added to the lists of addresses. What any other
//! peer sent is replaced. Scheme and host are one value each, those of the client's own request.

use std::net::IpAddr;

use http::header::{FORWARDED, VIA};
use http::{HeaderMap, HeaderName, HeaderValue, Version};

use crate::gateway::handler::{Arrival, Scheme};
use crate::server::forwarded_client::{X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PROTO};

/// Fields that some targets read the client's address or request from. They hold one value, which only a trusted proxy
/// may set.
const OTHER_FIELDS: [HeaderName; 5] = [
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("true-client-ip"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-scheme"),
    HeaderName::from_static("x-forwarded-ssl"),
];

/// Writes the fields. `authority` is the requested host as validated by `authority_of`.
pub(super) fn write(headers: &mut HeaderMap, arrival: &Arrival, authority: Option<&str>, version: Version) {
    let peer = arrival.peer.ip();
    let client = arrival.forwarded.as_deref();
    if !arrival.peer.is_trusted {
        OTHER_FIELDS.iter().for_each(|name| drop(headers.remove(name)));
    }
    let authority = client.and_then(|client| client.authority.as_deref()).or(authority);
    // The listener has no TLS: only a proxy in front of it knows of one.
    let scheme = client.map_or(Scheme::Http, |client| client.scheme).name();
    let mut addresses: Vec<Option<IpAddr>> = Vec::with_capacity(2);
    if let Some(client) = client.filter(|client| client.address != peer) {
        addresses.push(client.address);
        addresses.extend(client.proxies.iter().copied().map(Some));
    }
    addresses.push(peer);

    let mut forwarded = String::new();
    let mut older = String::new();
    for address in &addresses {
        let separator = if older.is_empty() { "" } else { ", " };
        // A node without an address is unknown (RFC 7239 section 6.2).
        let text = address.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
        let is_quoted = address.is_some_and(|address| address.is_ipv6());
        older.push_str(&format!("{separator}{text}"));
        let node = if is_quoted { format!("\"[{text}]\"") } else { text };
        forwarded.push_str(&format!("{separator}for={node}"));
        if separator.is_empty() {
            forwarded.push_str(&authority.map_or_else(String::new, |authority| format!(";host=\"{authority}\"")));
            forwarded.push_str(&format!(";proto={scheme}"));
        }
    }
    set(headers, FORWARDED, Some(&forwarded));
    set(headers, X_FORWARDED_FOR, Some(&older));
    set(headers, X_FORWARDED_PROTO, Some(scheme));
    set(headers, X_FORWARDED_HOST, authority);
    append_element(headers, VIA, if version == Version::HTTP_2 { "2.0 passbridge" } else { "1.1 passbridge" });
}

/// Sets a field to one value, or removes it.
fn set(headers: &mut HeaderMap, name: HeaderName, value: Option<&str>) {
    match value.and_then(|value| HeaderValue::from_str(value).ok()) {
        Some(value) => drop(headers.insert(name, value)),
        None => drop(headers.remove(name)),
    }
}

/// Joins all lines and the new element into one line, because some recipients read only one.
fn append_element(headers: &mut HeaderMap, name: HeaderName, element: &str) {
    let mut list = Vec::new();
    for line in headers.get_all(&name) {
        list.extend_from_slice(line.as_bytes());
        list.extend_from_slice(b", ");
    }
    list.extend_from_slice(element.as_bytes());
    let list = HeaderValue::from_bytes(&list).expect("joined field values are a field value");
    headers.insert(name, list);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::handler::{AddressLimits, ForwardedClient, Peer, RequestId};

    fn line<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
        assert_eq!(headers.get_all(name).iter().count(), 1, "{name}");
        headers[name].to_str().unwrap()
    }

    fn arrival(peer: &str) -> Arrival {
        Arrival::of_peer(Peer::new(peer.parse().unwrap()), RequestId::random())
    }

    #[test]
    fn a_peer_that_is_not_trusted_is_the_client_whatever_it_sends() {
        let mut headers = HeaderMap::new();
        for name in ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip"] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static("spoofed"));
            headers.append(HeaderName::from_static(name), HeaderValue::from_static("twice"));
        }
        write(&mut headers, &arrival("192.0.2.7:4711"), Some("api.example:8080"), Version::HTTP_11);
        assert_eq!(line(&headers, "forwarded"), "for=192.0.2.7;host=\"api.example:8080\";proto=http");
        assert_eq!(line(&headers, "x-forwarded-for"), "192.0.2.7");
        assert_eq!(line(&headers, "x-forwarded-host"), "api.example:8080");
        assert_eq!(line(&headers, "x-forwarded-proto"), "http");
        assert_eq!(line(&headers, "via"), "1.1 passbridge");
        assert!(!headers.contains_key("x-real-ip"));
    }

    #[test]
    fn the_client_of_a_trusted_proxy_is_the_first_of_each_list() {
        let client = ForwardedClient {
            address: Some("2001:db8::1".parse().unwrap()),
            text: "2001:db8::1".into(),
            proxies: vec!["10.0.0.2".parse().unwrap()],
            scheme: Scheme::Https,
            authority: Some("app.example".to_owned()),
            limits: AddressLimits::Enforced,
        };
        let mut arrival = Arrival { forwarded: Some(Box::new(client)), ..arrival("10.0.0.1:1") };
        arrival.peer.is_trusted = true;
        let mut headers = HeaderMap::new();
        headers.insert("x-real-ip", HeaderValue::from_static("2001:db8::1"));
        headers.insert("via", HeaderValue::from_static("1.1 front"));
        write(&mut headers, &arrival, Some("inner.example"), Version::HTTP_2);
        assert_eq!(line(&headers, "x-forwarded-for"), "2001:db8::1, 10.0.0.2, 10.0.0.1");
        assert_eq!(line(&headers, "x-forwarded-proto"), "https");
        assert_eq!(line(&headers, "x-forwarded-host"), "app.example");
        let forwarded = "for=\"[2001:db8::1]\";host=\"app.example\";proto=https, for=10.0.0.2, for=10.0.0.1";
        assert_eq!(line(&headers, "forwarded"), forwarded);
        assert_eq!(line(&headers, "via"), "1.1 front, 2.0 passbridge");
        assert_eq!(line(&headers, "x-real-ip"), "2001:db8::1");
    }

    #[test]
    fn a_peer_without_an_address_is_unknown() {
        let mut headers = HeaderMap::new();
        write(&mut headers, &Arrival::of_peer(Peer::unknown(), RequestId::random()), None, Version::HTTP_11);
        assert_eq!(line(&headers, "x-forwarded-for"), "unknown");
        assert_eq!(line(&headers, "forwarded"), "for=unknown;proto=http");
    }

    #[test]
    fn a_request_without_a_host_has_no_forwarded_host() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-host", HeaderValue::from_static("spoofed"));
        write(&mut headers, &arrival("[::ffff:192.0.2.7]:1"), None, Version::HTTP_11);
        assert_eq!(line(&headers, "x-forwarded-for"), "192.0.2.7");
        assert!(!headers.contains_key("x-forwarded-host"));
    }
}
