//! The limits of one HTTP upstream, as the config spells them.
//!
//! Every field has a default that suits an identity provider across the internet, and a range of its
//! own; a key that is not here is an error.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::bounded::Bounded;

/// How one HTTP upstream may be called.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSettings {
    /// Milliseconds a call may take in all: waiting, connecting, one retry, the whole answer. Default 10000.
    pub timeout_ms: Bounded<10, 300_000>,
    /// Milliseconds one connection may take to be made, TLS included. Default 2000.
    pub connect_timeout_ms: Bounded<10, 60_000>,
    /// Milliseconds an unused connection is kept. Shorter than the upstream keeps it, or calls are
    /// lost to connections it has just closed. Default 20000.
    pub idle_timeout_ms: Bounded<100, 600_000>,
    /// Bytes of content an answer may have, as sent and again once decoded. Default 1048576.
    pub max_response_bytes: Bounded<1024, 67_108_864>,
    /// Calls that may be under way at once, over all workers. Default 256.
    pub max_in_flight: Bounded<1, 65_536>,
    /// Calls that may wait for one of those to end; the next is refused at once. Default 64.
    pub max_waiting: Bounded<0, 65_536>,
    /// Failures in a row after which calls are refused for `breaker_cooldown_ms`; 0 is never. Default 10.
    pub breaker_failures: Bounded<0, 10_000>,
    /// Milliseconds until one call may try again whether the upstream is back. Default 5000.
    pub breaker_cooldown_ms: Bounded<10, 600_000>,
    /// A PEM file of certificate authorities to trust instead of the system's; a relative path starts at
    /// the config's folder. Default: the system's.
    pub ca_file: Option<PathBuf>,
    /// The version of HTTP to speak. `2` is spoken over TLS where the upstream offers it, else 1.1; it
    /// puts all calls on one connection and costs about twice the CPU of 1.1. Default `1.1`.
    pub http_version: HttpVersion,
}

/// A version of HTTP that upstreams are spoken to in.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum HttpVersion {
    /// HTTP/1.1 and nothing else.
    #[default]
    #[serde(rename = "1.1")]
    One,
    /// HTTP/2 where it is offered.
    #[serde(rename = "2")]
    Two,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            timeout_ms: Bounded::nearest(10_000),
            connect_timeout_ms: Bounded::nearest(2_000),
            idle_timeout_ms: Bounded::nearest(20_000),
            max_response_bytes: Bounded::nearest(1 << 20),
            max_in_flight: Bounded::nearest(256),
            max_waiting: Bounded::nearest(64),
            breaker_failures: Bounded::nearest(10),
            breaker_cooldown_ms: Bounded::nearest(5_000),
            ca_file: None,
            http_version: HttpVersion::One,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_is_the_default() {
        assert_eq!(toml::from_str::<HttpSettings>("").unwrap(), HttpSettings::default());
    }

    #[test]
    fn the_version_is_one_of_two() {
        let read = |text: &str| toml::from_str::<HttpSettings>(text).map(|settings| settings.http_version);
        assert_eq!(read("http_version = \"1.1\"").unwrap(), HttpVersion::One);
        assert_eq!(read("http_version = \"2\"").unwrap(), HttpVersion::Two);
        assert!(read("http_version = \"3\"").unwrap_err().to_string().contains("1.1"));
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let told = toml::from_str::<HttpSettings>("timeuot_ms = 1").unwrap_err().to_string();
        assert!(told.contains("timeuot_ms"), "{told}");
    }
}
