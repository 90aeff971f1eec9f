//! The elements of `Forwarded` (RFC 7239 section 4) and of `X-Forwarded-For`.
//!
//! A list is read from its end, because only its end was written by trusted proxies. It is split at every comma, also
//! at one in a quoted string: neither part of such an element is valid on its own, so text in quotes cannot be mistaken
//! for an element, and an unmatched quote cannot hide the elements after it.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::HeaderValue;
use http::header::GetAll;

/// An element of a list: a node, and for `Forwarded` the scheme and the host.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Element<'e> {
    /// `None` if it is unknown, obfuscated or malformed.
    pub(super) node: Option<IpAddr>,
    pub(super) proto: Option<Cow<'e, str>>,
    pub(super) host: Option<Cow<'e, str>>,
}

/// The elements of a field's lines, the last one first. Empty ones are ignored (RFC 9110 section 5.6.1).
pub(super) fn from_the_end<'h>(lines: &GetAll<'h, HeaderValue>) -> impl Iterator<Item = &'h [u8]> + use<'h> {
    let elements = lines.iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    elements.map(<[u8]>::trim_ascii).filter(|element| !element.is_empty())
}

/// An element of `X-Forwarded-For`.
pub(super) fn of_x_forwarded_for(element: &[u8]) -> Element<'_> {
    Element { node: str::from_utf8(element).ok().and_then(node), ..Element::default() }
}

/// An element of `Forwarded`.
pub(super) fn of_forwarded(element: &[u8]) -> Element<'_> {
    str::from_utf8(element).ok().and_then(pairs).unwrap_or_default()
}

fn pairs(mut rest: &str) -> Option<Element<'_>> {
    let mut element = Element::default();
    let mut has_node = false;
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = value(after)?;
        match name.trim_ascii_start() {
            name if name.eq_ignore_ascii_case("for") && !has_node => {
                has_node = true;
                element.node = node(&value);
            }
            name if name.eq_ignore_ascii_case("proto") && element.proto.is_none() => element.proto = Some(value),
            name if name.eq_ignore_ascii_case("host") && element.host.is_none() => element.host = Some(value),
            name if ["for", "proto", "host"].iter().any(|known| name.eq_ignore_ascii_case(known)) => return None,
            name if !name.is_empty() && name.bytes().all(is_token_byte) => {}
            _ => return None,
        }
        match after.trim_ascii_start() {
            "" => return Some(element),
            after => rest = after.strip_prefix(';')?,
        }
    }
}

/// The token or quoted string at the beginning of a text, and what follows it. Nodes may be written without the quotes
/// that their colons require.
fn value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.bytes().position(|byte| !is_token_byte(byte) && !b":[]".contains(&byte)).unwrap_or(text.len());
        return (end > 0).then(|| (Cow::Borrowed(&text[..end]), &text[end..]));
    };
    let mut unescaped = String::new();
    let mut chars = quoted.char_indices();
    loop {
        match chars.next()? {
            (end, '"') => return Some((Cow::Owned(unescaped), &quoted[end + 1..])),
            (_, '\\') => unescaped.push(chars.next()?.1),
            (_, char) => unescaped.push(char),
        }
    }
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The address of a node: `unknown` and obfuscated identifiers have none.
fn node(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address.ip().to_canonical());
    }
    let (address, port) = text.rsplit_once(':').filter(|(_, port)| is_obfuscated(port)).unwrap_or((text, ""));
    let address = match address.strip_prefix('[').and_then(|address| address.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None if !port.is_empty() => address.parse().ok(),
        None => None,
    };
    address.map(|address| address.to_canonical())
}

/// Whether a port is an obfuscated one (RFC 7239 section 6.2).
fn is_obfuscated(port: &str) -> bool {
    port.len() > 1 && port.starts_with('_') && port[1..].bytes().all(|byte| is_token_byte(byte) && byte != b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<String> {
        node(text).map(|address| address.to_string())
    }

    #[test]
    fn nodes_are_addresses_with_or_without_port() {
        for (text, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("192.0.2.7:4711", "192.0.2.7"),
            ("192.0.2.7:_p", "192.0.2.7"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("[2001:db8::1]:_p", "2001:db8::1"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("[::ffff:192.0.2.7]:1", "192.0.2.7"),
        ] {
            assert_eq!(address(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "unknown", "_hidden", "192.0.2", "192.0.2.7:", "192.0.2.7:x", "192.0.2.07", "[192.0.2.7]"] {
            assert_eq!(address(text), None, "{text}");
        }
        for text in ["[2001:db8::1", "fe80::1%eth0", "192.0.2.7:99999", "192.0.2.7:_"] {
            assert_eq!(address(text), None, "{text}");
        }
    }

    #[test]
    fn an_element_of_forwarded_has_node_scheme_and_host() {
        let element = of_forwarded(br#"For="[2001:db8::1]:4711"; Proto=https;host="a.example:8443";by=_me"#);
        assert_eq!(element.node, Some("2001:db8::1".parse().unwrap()));
        assert_eq!(element.proto.as_deref(), Some("https"));
        assert_eq!(element.host.as_deref(), Some("a.example:8443"));
        assert_eq!(of_forwarded(b"for=192.0.2.7:80").node, Some("192.0.2.7".parse().unwrap()));
        assert_eq!(of_forwarded(br#"for="\192.0.2.7""#).node, Some("192.0.2.7".parse().unwrap()));
        assert_eq!(of_forwarded(b"proto=https").node, None);
    }

    #[test]
    fn a_malformed_element_of_forwarded_has_nothing() {
        for text in [
            "for=192.0.2.7;for=192.0.2.8",
            "for=192.0.2.7;",
            "for =192.0.2.7",
            "for= 192.0.2.7",
            "for=\"192.0.2.7",
            "for=192.0.2.7\"",
            "192.0.2.7",
            "for=192.0.2.7 proto=https",
            "for=192.0.2.7;=x",
        ] {
            assert_eq!(of_forwarded(text.as_bytes()), Element::default(), "{text}");
        }
    }
}
