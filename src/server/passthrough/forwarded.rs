//! Adds `Forwarded` (RFC 7239), the older `X-Forwarded-*` and `Via` to requests that pass through.
//!
//! Each proxy appends one element to each list. Earlier elements are kept, but are only as trustworthy as
//! their sender. The last element of each list belongs to this proxy, so they can be read together.

use std::net::{IpAddr, SocketAddr};

use http::header::{FORWARDED, VIA};
use http::{HeaderMap, HeaderName, HeaderValue, Version};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The listener has no TLS; a TLS proxy in front of it adds an element of its own.
const PROTO: &str = "http";

/// Appends an element to each list. `authority` is the requested host as validated by `authority_of`.
pub(super) fn append(headers: &mut HeaderMap, peer: SocketAddr, authority: Option<&str>, version: Version) {
    let address = peer.ip().to_canonical();
    let mut forwarded = match address {
        IpAddr::V4(address) => format!("for={address}"),
        IpAddr::V6(address) => format!("for=\"[{address}]\""),
    };
    if let Some(authority) = authority {
        forwarded.push_str(&format!(";host=\"{authority}\""));
        append_element(headers, X_FORWARDED_HOST, authority);
    }
    forwarded.push_str(";proto=");
    forwarded.push_str(PROTO);
    append_element(headers, FORWARDED, &forwarded);
    append_element(headers, X_FORWARDED_FOR, &address.to_string());
    append_element(headers, X_FORWARDED_PROTO, PROTO);
    append_element(headers, VIA, if version == Version::HTTP_2 { "2.0 passbridge" } else { "1.1 passbridge" });
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

    fn line<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
        assert_eq!(headers.get_all(name).iter().count(), 1, "{name}");
        headers[name].to_str().unwrap()
    }

    #[test]
    fn the_first_proxy_begins_each_list() {
        let mut headers = HeaderMap::new();
        append(&mut headers, "192.0.2.7:4711".parse().unwrap(), Some("api.example:8080"), Version::HTTP_11);
        assert_eq!(line(&headers, "forwarded"), "for=192.0.2.7;host=\"api.example:8080\";proto=http");
        assert_eq!(line(&headers, "x-forwarded-for"), "192.0.2.7");
        assert_eq!(line(&headers, "x-forwarded-host"), "api.example:8080");
        assert_eq!(line(&headers, "x-forwarded-proto"), "http");
        assert_eq!(line(&headers, "via"), "1.1 passbridge");
    }

    #[test]
    fn earlier_elements_are_kept() {
        let mut headers = HeaderMap::new();
        for value in ["203.0.113.1", "198.51.100.2"] {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_static(value));
        }
        headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static("https"));
        append(&mut headers, "[2001:db8::1]:1".parse().unwrap(), None, Version::HTTP_2);
        assert_eq!(line(&headers, "x-forwarded-for"), "203.0.113.1, 198.51.100.2, 2001:db8::1");
        assert_eq!(line(&headers, "x-forwarded-proto"), "https, http");
        assert_eq!(line(&headers, "forwarded"), "for=\"[2001:db8::1]\";proto=http");
        assert_eq!(line(&headers, "via"), "2.0 passbridge");
        assert!(!headers.contains_key("x-forwarded-host"));
    }

    #[test]
    fn an_ipv4_mapped_address_is_written_as_ipv4() {
        let mut headers = HeaderMap::new();
        append(&mut headers, "[::ffff:192.0.2.7]:1".parse().unwrap(), None, Version::HTTP_11);
        assert_eq!(line(&headers, "x-forwarded-for"), "192.0.2.7");
    }
}
