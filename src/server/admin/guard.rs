//! Keeps other sites' pages from using the console through its visitor's browser.
//!
//! A page of another site can send requests here, and can give its own name this machine's address
//! (DNS rebinding). So the host must be one that no name server can give away, and whatever does
//! something must come from the console's own page. What does not say so clearly is refused.

use std::net::IpAddr;

use http::header::{CONTENT_TYPE, ORIGIN};
use http::{HeaderMap, HeaderName, request};

use crate::gateway::handler::{authority_of, host_of};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a request is for this machine by a name that is always its own: `localhost`, a loopback
/// address, or the address the connection came to.
pub(super) fn is_for_us(head: &request::Parts, local: IpAddr) -> bool {
    let Some(host) = host_of(head) else { return false };
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.is_ok_and(|address| address.is_loopback() || address == local.to_canonical())
}

/// Whether a request was made by a page that came from here.
pub(super) fn is_from_our_page(head: &request::Parts) -> bool {
    let Some(authority) = authority_of(head) else { return false };
    let fields = &head.headers;
    let origin = only(fields, &ORIGIN).and_then(|origin| origin.split_once("://"));
    let same_origin = origin
        .is_some_and(|(scheme, origin)| matches!(scheme, "http" | "https") && origin.eq_ignore_ascii_case(authority));
    let said_by_browser = fields.get_all(SEC_FETCH_SITE).iter().all(|site| site == "same-origin");
    same_origin && said_by_browser
}

/// Whether the content is said to be JSON, which no form can say.
pub(super) fn is_json(fields: &HeaderMap) -> bool {
    let media_type = only(fields, &CONTENT_TYPE).map(|value| value.split(';').next().unwrap_or_default().trim());
    media_type.is_some_and(|media_type| media_type.eq_ignore_ascii_case("application/json"))
}

fn only<'a>(fields: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
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

    fn is_for_us(hosts: &[&str]) -> bool {
        let fields: Vec<_> = hosts.iter().map(|host| (HOST.as_str(), *host)).collect();
        super::is_for_us(&request(&fields), LOCAL.parse().unwrap())
    }

    #[test]
    fn only_names_that_nobody_can_give_away_are_ours() {
        for ours in ["localhost:9090", "LOCALHOST", "127.0.0.1:9090", "127.9.9.9", "[::1]:9090", "192.0.2.7:9090"] {
            assert!(is_for_us(&[ours]), "{ours}");
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
            assert!(!is_for_us(&[foreign]), "{foreign}");
        }
        assert!(!is_for_us(&[]));
        assert!(!is_for_us(&["localhost", "rebound.example"]));
    }

    #[test]
    fn an_address_counts_in_both_its_forms() {
        let request = request(&[("host", "192.0.2.7:9090")]);
        assert!(super::is_for_us(&request, "::ffff:192.0.2.7".parse().unwrap()));
    }

    #[test]
    fn only_our_own_page_may_do_something() {
        let from =
            |fields: &[(&str, &str)]| is_from_our_page(&request(&[&[("host", "localhost:9090")], fields].concat()));
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
    fn only_json_is_json() {
        let is_json = |value: &str| is_json(&request(&[("content-type", value)]).headers);
        assert!(is_json("application/json"));
        assert!(is_json("Application/JSON; charset=utf-8"));
        for other in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
            assert!(!is_json(other), "{other}");
        }
        assert!(!super::is_json(&HeaderMap::new()));
    }
}
