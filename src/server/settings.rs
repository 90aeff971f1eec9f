//! The limits of the listener, as the config's `[server]` spells them.
//!
//! Every field has a default and a range of its own; a key that is not here is an error.

use std::net::{Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::bounded::Bounded;

/// Where and within which limits requests are taken.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// The address to listen on, clear text; port 0 takes any free one. Default 127.0.0.1:8080.
    #[schemars(with = "String", title = "an address and port, such as \"127.0.0.1:8080\"")]
    pub listen: SocketAddr,
    /// Threads that serve requests. Default: one for each core.
    pub workers: Option<Bounded<1, 1024>>,
    /// Milliseconds in which a request's head must be complete, and for which a connection may be idle
    /// between requests. Default 15000.
    pub header_timeout_ms: Bounded<10, 600_000>,
    /// Milliseconds for which a caller may send nothing while its content is waited for. Default 15000.
    pub content_timeout_ms: Bounded<10, 600_000>,
    /// Milliseconds in which requests under way must end once the process is told to stop; what is left
    /// then is cut. Default 30000.
    pub drain_timeout_ms: Bounded<0, 600_000>,
    /// Bytes of a request's line and header fields together. Default 16384.
    pub max_head_bytes: Bounded<1024, 65_536>,
    /// Header fields of a request. Default 100.
    pub max_fields: Bounded<8, 1024>,
    /// Connections open at once, over all workers; the next is told 503. Default 10000.
    pub max_connections: Bounded<1, 1_000_000>,
    /// Requests under way at once, over all workers, until their answer begins; the next is told 503.
    /// Default 4096.
    pub max_requests: Bounded<1, 1_000_000>,
    /// Requests one HTTP/2 connection may have under way at once. Default 100.
    pub max_streams: Bounded<1, 10_000>,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            workers: None,
            header_timeout_ms: Bounded::nearest(15_000),
            content_timeout_ms: Bounded::nearest(15_000),
            drain_timeout_ms: Bounded::nearest(30_000),
            max_head_bytes: Bounded::nearest(16 << 10),
            max_fields: Bounded::nearest(100),
            max_connections: Bounded::nearest(10_000),
            max_requests: Bounded::nearest(4_096),
            max_streams: Bounded::nearest(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_is_the_default() {
        assert_eq!(toml::from_str::<ServerSettings>("").unwrap(), ServerSettings::default());
    }

    #[test]
    fn a_limit_outside_its_range_and_an_unknown_key_are_refused() {
        for (text, named) in [("max_fields = 0", "from 8 to 1024"), ("max_feilds = 9", "max_feilds")] {
            let told = toml::from_str::<ServerSettings>(text).unwrap_err().to_string();
            assert!(told.contains(named), "{told}");
        }
    }
}
