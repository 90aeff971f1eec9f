//! The `[server]` table of the config: the listener and its limits.
//!
//! Every key has a default and a range. Unknown keys are errors.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::bounded::Bounded;
use crate::server::listen_address::ListenAddresses;
use crate::server::trusted_proxies::TrustedProxies;

/// The listener and its limits.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// The addresses to listen on, without TLS: one, or a list. Each is an address and port, `"unix:/PATH"`,
    /// `"systemd:NAME"` for sockets that systemd opened; in a list also a table with `address`, `mode` and
    /// `proxy_protocol`. Port 0 selects a free port. `[::]` is for IPv6 only. Default 127.0.0.1:8080.
    pub listen: ListenAddresses,
    /// The networks of the proxies in front of the gateway, such as `["10.0.0.0/8"]`. Their `Forwarded` and
    /// `X-Forwarded-...` fields say who the client is; those of other peers are replaced. `[]` declares that clients
    /// connect directly. Default: not declared; the peer counts as the client, and limits by client address are only
    /// observed.
    pub trusted_proxies: Option<TrustedProxies>,
    /// Threads that serve requests. Default: one per core.
    pub workers: Option<Bounded<1, 1024>>,
    /// Milliseconds in which a request head must arrive, and for which a connection may stay idle between
    /// requests. Default 15000.
    pub header_timeout_ms: Bounded<10, 600_000>,
    /// Milliseconds without data from the caller after which receiving the content of a request is aborted.
    /// Default 15000.
    pub content_timeout_ms: Bounded<10, 600_000>,
    /// Milliseconds for finishing current requests on shutdown. Connections still open then are closed.
    /// Default 30000.
    pub drain_timeout_ms: Bounded<0, 600_000>,
    /// Maximum bytes of the request line and header fields together. Default 16384.
    pub max_head_bytes: Bounded<1024, 65_536>,
    /// Maximum number of header fields of a request. Default 100.
    pub max_fields: Bounded<8, 1024>,
    /// Concurrent connections, over all workers. For a further one, the connection that has been idle for longest is
    /// closed; if none is idle, the new one gets a 503. Default 10000.
    pub max_connections: Bounded<1, 1_000_000>,
    /// Concurrent connections of one address, over all workers; further ones get a 503. An IPv6 client's address is its
    /// /64 network. 0 is no limit. Trusted proxies are exempt, and without `trusted_proxies` there is no limit.
    /// Default 512.
    pub max_connections_per_address: Bounded<0, 1_000_000>,
    /// Concurrent requests, over all workers, until their response begins; further ones get a 503.
    /// Default 4096.
    pub max_requests: Bounded<1, 1_000_000>,
    /// Concurrent requests of one HTTP/2 connection. Default 100.
    pub max_streams: Bounded<1, 10_000>,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: ListenAddresses::default(),
            trusted_proxies: None,
            workers: None,
            header_timeout_ms: Bounded::nearest(15_000),
            content_timeout_ms: Bounded::nearest(15_000),
            drain_timeout_ms: Bounded::nearest(30_000),
            max_head_bytes: Bounded::nearest(16 << 10),
            max_fields: Bounded::nearest(100),
            max_connections: Bounded::nearest(10_000),
            max_connections_per_address: Bounded::nearest(512),
            max_requests: Bounded::nearest(4_096),
            max_streams: Bounded::nearest(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_table_is_the_default() {
        assert_eq!(toml::from_str::<ServerSettings>("").unwrap(), ServerSettings::default());
    }

    #[test]
    fn a_value_out_of_range_and_an_unknown_key_are_refused() {
        for (text, expected) in [("max_fields = 0", "from 8 to 1024"), ("max_feilds = 9", "max_feilds")] {
            let error = toml::from_str::<ServerSettings>(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
