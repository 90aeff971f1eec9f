//! Protects the console against other sites in the same browser (CSRF and DNS rebinding).
//!
//! The host must be a name that DNS cannot rebind, and a request with an effect must come from the
//! console's own page. Requests that do not prove both are refused.

use std::net::IpAddr;

use http::header::{CONTENT_TYPE, ORIGIN};
use http::{HeaderMap, HeaderName, request};

use crate::gateway::handler::{authority_of, host_of};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether the host is one that cannot be rebound: `localhost`, a loopback address, or the local address of
/// the connection.
pub(super) fn has_local_host(head: &request::Parts, local: IpAddr) -> bool {
    let Some(host) = host_of(head) else { return false };
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.is_ok_and(|address| address.is_loopback() || address == local.to_canonical())
}

/// Whether the request comes from a page of this origin.
pub(super) fn is_same_origin(head: &request::Parts) -> bool {
    let Some(authority) = authority_of(head) else { return false };
    let fields = &head.headers;
    let origin = single_value(fields, &ORIGIN).and_then(|origin| origin.split_once("://"));
    let origin_matches = origin
        .is_some_and(|(scheme, origin)| matches!(scheme, "http" | "https") && origin.eq_ignore_ascii_case(authority));
    let browser_agrees = fields.get_all(SEC_FETCH_SITE).iter().all(|site| site == "same-origin");
    origin_matches && browser_agrees
}

/// Whether the content type is JSON, which an HTML form cannot send.
pub(super) fn is_json(fields: &HeaderMap) -> bool {
    let media_type =
        single_value(fields, &CONTENT_TYPE).map(|value| value.split(';').next().unwrap_or_default().trim());
    media_type.is_some_and(|media_type| media_type.eq_ignore_ascii_case("application/json"))
}

fn single_value<'a>(fields: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = fields.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use http::header::HOST;

    use super::*;

    const LOCAL: &str = "192.0.2.7";

    fn request(fields: &[(&str, &str)]) -> request::Parts {
        let mut request = http::Request::builder().uri("/");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn has_local_host(hosts: &[&str]) -> bool {
        let fields: Vec<_> = hosts.iter().map(|host| (HOST.as_str(), *host)).collect();
        super::has_local_host(&request(&fields), LOCAL.parse().unwrap())
    }

    #[test]
    fn only_hosts_that_cannot_be_rebound_are_local() {
        for local in ["localhost:9090", "LOCALHOST", "127.0.0.1:9090", "127.9.9.9", "[::1]:9090", "192.0.2.7:9090"] {
            assert!(has_local_host(&[local]), "{local}");
        }
        for foreign in [
            "rebound.example:9090",
            "localhost.rebound.example",
            "rebound-localhost",
            "127.0.0.1.rebound.example",
            "192.0.2.8",
            "[::2]",
            "0.0.0.0:9090",
            "",
        ] {
            assert!(!has_local_host(&[foreign]), "{foreign}");
        }
        assert!(!has_local_host(&[]));
        assert!(!has_local_host(&["localhost", "rebound.example"]));
    }

    #[test]
    fn an_ipv4_mapped_local_address_matches() {
        let request = request(&[("host", "192.0.2.7:9090")]);
        assert!(super::has_local_host(&request, "::ffff:192.0.2.7".parse().unwrap()));
    }

    #[test]
    fn only_a_page_of_this_origin_is_accepted() {
        let from =
            |fields: &[(&str, &str)]| is_same_origin(&request(&[&[("host", "localhost:9090")], fields].concat()));
        let own = ("origin", "http://localhost:9090");
        assert!(from(&[own]));
        assert!(from(&[own, ("sec-fetch-site", "same-origin")]));
        for foreign in
            ["http://localhost:8080", "http://localhost", "http://rebound.example", "null", "localhost:9090", ""]
        {
            assert!(!from(&[("origin", foreign)]), "{foreign}");
        }
        assert!(!from(&[]));
        assert!(!from(&[own, own]));
        assert!(!from(&[own, ("sec-fetch-site", "cross-site")]));
        assert!(!from(&[own, ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-site")]));
    }

    #[test]
    fn only_json_content_types_are_accepted() {
        let is_json = |value: &str| is_json(&request(&[("content-type", value)]).headers);
        assert!(is_json("application/json"));
        assert!(is_json("Application/JSON; charset=utf-8"));
        for other in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
            assert!(!is_json(other), "{other}");
        }
        assert!(!super::is_json(&HeaderMap::new()));
    }
}
