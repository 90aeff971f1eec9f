//! The client of a request that a trusted proxy forwarded: its address, its scheme and its host.
//!
//! The client is the rightmost address of `X-Forwarded-For` or `Forwarded` that is no trusted proxy, or the leftmost
//! address if all are. An element without an address means that the client is not known: the peer then stands for it.
//!
//! Many proxies write only one of the two fields and pass a client's own value of the other. So where both are there
//! and disagree, neither counts, and the peer is limited like a client: only a client that sends such a field itself
//! gets there.

use std::net::IpAddr;

use http::header::FORWARDED;
use http::{HeaderMap, HeaderName};

use crate::base::host::host;
use crate::gateway::handler::{AddressLimits, ForwardedClient, Peer, Scheme};
use crate::server::forwarded_client::element::{Element, from_the_end, of_forwarded, of_x_forwarded_for};
use crate::server::trusted_proxies::TrustedProxies;

mod element;

pub(super) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(super) const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
pub(super) const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What one list says about the client.
#[derive(Debug, Default)]
struct Walk<'h> {
    /// The number of elements from the end on, up to the client's.
    elements: usize,
    /// The client, if it is known.
    client: Option<IpAddr>,
    /// The trusted proxies to the right of the client, the nearest to the gateway first.
    proxies: Vec<IpAddr>,
    /// The element of the client.
    element: Element<'h>,
}

/// The client of a request of a trusted proxy.
pub(super) fn forwarded_client(headers: &HeaderMap, peer: &Peer, trusted: &TrustedProxies) -> ForwardedClient {
    let older = Walk::of(from_the_end(&headers.get_all(X_FORWARDED_FOR)).map(of_x_forwarded_for), trusted);
    let newer = Walk::of(from_the_end(&headers.get_all(FORWARDED)).map(of_forwarded), trusted);
    let disagree = older.elements > 0 && newer.elements > 0 && older.client != newer.client;
    let walk = if older.elements > 0 { &older } else { &newer };
    let client = walk.client.filter(|_| !disagree);
    let position = if disagree { 1 } else { walk.elements.max(1) };
    let (proto, named) = match disagree {
        true => (None, None),
        false => (newer.element.proto.as_deref(), newer.element.host.as_deref()),
    };
    let scheme = value_at(headers, X_FORWARDED_PROTO, position).and_then(scheme);
    let authority = value_at(headers, X_FORWARDED_HOST, position).filter(|authority| host(authority).is_some());
    let named = named.filter(|authority| host(authority).is_some());
    let mut proxies = walk.proxies.clone();
    proxies.reverse();
    ForwardedClient {
        address: client.or(peer.ip()),
        text: client.map_or_else(|| peer.text.clone(), |client| client.to_string().into()),
        proxies: if client.is_some() { proxies } else { Vec::new() },
        scheme: scheme.or_else(|| proto.and_then(self::scheme)).unwrap_or_default(),
        authority: authority.or(named).map(str::to_owned),
        limits: match client {
            _ if disagree => AddressLimits::Enforced,
            Some(client) if !trusted.contains(client) => AddressLimits::Enforced,
            Some(_) | None => AddressLimits::Exempt,
        },
    }
}

impl<'h> Walk<'h> {
    fn of(elements: impl Iterator<Item = Element<'h>>, trusted: &TrustedProxies) -> Self {
        let mut walk = Self::default();
        for element in elements {
            walk.elements += 1;
            walk.proxies.extend(walk.client);
            walk.client = element.node;
            walk.element = element;
            if walk.client.is_none_or(|client| !trusted.contains(client)) {
                break;
            }
        }
        walk
    }
}

/// The value at a position from the end of a list, or its first one: a proxy may set the field instead of appending to
/// it.
fn value_at(headers: &HeaderMap, name: HeaderName, position: usize) -> Option<&str> {
    let values = from_the_end(&headers.get_all(name)).take(position);
    str::from_utf8(values.last()?).ok()
}

fn scheme(name: &str) -> Option<Scheme> {
    [Scheme::Http, Scheme::Https].into_iter().find(|scheme| name.eq_ignore_ascii_case(scheme.name()))
}

#[cfg(test)]
mod tests;
