//! Tests of the client behind trusted proxies.

use http::HeaderValue;

use super::*;
use crate::server::trusted_proxies::Network;

fn trusted() -> TrustedProxies {
    ["10.0.0.0/8", "2001:db8:1::/48"].iter().map(|network| network.parse::<Network>().unwrap()).collect()
}

fn client(lines: &[(&'static str, &str)]) -> ForwardedClient {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    let peer = TrustedProxies::classify(Some(&trusted()), Peer::new("10.0.0.1:1".parse().unwrap()));
    assert!(peer.is_trusted);
    forwarded_client(&headers, &peer, &trusted())
}

fn address(lines: &[(&'static str, &str)]) -> String {
    client(lines).text.to_string()
}

#[test]
fn rightmost_address_that_is_not_trusted_is_the_client() {
    let field = "x-forwarded-for";
    assert_eq!(address(&[(field, "203.0.113.7")]), "203.0.113.7");
    assert_eq!(address(&[(field, "198.51.100.9, 203.0.113.7")]), "203.0.113.7");
    assert_eq!(address(&[(field, "198.51.100.9"), (field, "203.0.113.7 ,10.0.0.2")]), "203.0.113.7");
    assert_eq!(address(&[(field, "junk, 203.0.113.7:99, ::ffff:10.0.0.2, ")]), "203.0.113.7");
    assert_eq!(address(&[(field, "10.0.0.9, 2001:db8:1::5")]), "10.0.0.9");
    let elements = "for=198.51.100.9, for=\"[2001:db8:2::1]:4711\";proto=https, for=10.0.0.2";
    assert_eq!(address(&[("forwarded", elements)]), "2001:db8:2::1");
}

#[test]
fn unusable_list_means_the_peer() {
    for list in ["junk", "203.0.113.7, junk", "203.0.113.7, unknown, 10.0.0.2", ",", "", "203.0.113.7;"] {
        let client = client(&[("x-forwarded-for", list)]);
        assert_eq!((&*client.text, client.limits), ("10.0.0.1", AddressLimits::Exempt), "{list}");
    }
    for list in ["for=unknown", "for=_hidden", "for=203.0.113.7, proto=https", "203.0.113.7"] {
        assert_eq!(address(&[("forwarded", list)]), "10.0.0.1", "{list}");
    }
    assert_eq!(address(&[]), "10.0.0.1");
}

#[test]
fn quotes_of_a_client_neither_hide_nor_forge_an_element() {
    for list in ["for=\"x, for=203.0.113.7", "for=198.51.100.9;x=\"\\\", for=203.0.113.7;proto=http"] {
        assert_eq!(address(&[("forwarded", list)]), "203.0.113.7", "{list}");
    }
    let quoted = "for=203.0.113.7;host=\"a,for=198.51.100.9;x=\\\"\"";
    assert_eq!(address(&[("forwarded", quoted)]), "10.0.0.1");
}

#[test]
fn disagreeing_lists_mean_the_peer_which_is_limited() {
    let spoofed = client(&[("x-forwarded-for", "203.0.113.7"), ("forwarded", "for=198.51.100.9;host=evil.example")]);
    assert_eq!((&*spoofed.text, spoofed.limits), ("10.0.0.1", AddressLimits::Enforced));
    assert_eq!(spoofed.authority, None);
    let agreed = client(&[("x-forwarded-for", "203.0.113.7, 10.0.0.2"), ("forwarded", "for=203.0.113.7;proto=https")]);
    assert_eq!((&*agreed.text, agreed.limits), ("203.0.113.7", AddressLimits::Enforced));
    assert_eq!((agreed.scheme, agreed.proxies), (Scheme::Https, vec!["10.0.0.2".parse().unwrap()]));
}

#[test]
fn trusted_client_is_exempt_from_limits() {
    let client = client(&[("x-forwarded-for", "10.0.0.9")]);
    assert_eq!((&*client.text, client.limits), ("10.0.0.9", AddressLimits::Exempt));
}

#[test]
fn scheme_and_host_are_those_of_the_clients_element() {
    let list = ("x-forwarded-for", "198.51.100.9, 203.0.113.7, 10.0.0.2");
    let of = |proto, name| client(&[list, ("x-forwarded-proto", proto), ("x-forwarded-host", name)]);
    let one = of("https", "app.example:8443");
    assert_eq!((one.scheme, one.authority.as_deref()), (Scheme::Https, Some("app.example:8443")));
    let appended = of("ftp, HTTPS, http", "evil.example, app.example, inner.example");
    assert_eq!((appended.scheme, appended.authority.as_deref()), (Scheme::Https, Some("app.example")));
    let invalid = of("gopher", "a b");
    assert_eq!((invalid.scheme, invalid.authority), (Scheme::Http, None));
    let forwarded = client(&[("forwarded", "for=1.2.3.4;proto=https;host=\"app.example\", for=10.0.0.2;proto=http")]);
    assert_eq!((forwarded.scheme, forwarded.authority.as_deref()), (Scheme::Https, Some("app.example")));
}
