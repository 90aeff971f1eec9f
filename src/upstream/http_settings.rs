//! The limits of one HTTP upstream, as written in the config.
//!
//! Every key has a default that suits an identity provider on the internet, and a range. Unknown keys are
//! errors.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::bounded::Bounded;

/// The limits of calls to one HTTP upstream.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSettings {
    /// Milliseconds a call may take in total: waiting, connecting, one retry and the response. Default 10000.
    pub timeout_ms: Bounded<10, 300_000>,
    /// Milliseconds for establishing a connection, including TLS. Default 2000.
    pub connect_timeout_ms: Bounded<10, 60_000>,
    /// Milliseconds an idle connection is kept. Must be shorter than the idle timeout of the upstream, or
    /// calls fail on connections that the upstream has just closed. Default 20000.
    pub idle_timeout_ms: Bounded<100, 600_000>,
    /// Bytes of content a response may have, before and after decoding. Default 1048576.
    pub max_response_bytes: Bounded<1024, 67_108_864>,
    /// Concurrent calls, over all workers. Default 256.
    pub max_in_flight: Bounded<1, 65_536>,
    /// Calls that may wait for a concurrent call to end; further calls are refused at once. Default 64.
    pub max_waiting: Bounded<0, 65_536>,
    /// Consecutive calls without a response that open the circuit breaker for `breaker_cooldown_ms`; 0 disables it.
    /// Server errors open it for their operation if half of at least 20 calls by several callers fail within 30
    /// seconds. Default 10.
    pub breaker_failures: Bounded<0, 10_000>,
    /// Milliseconds until one call probes whether the upstream has recovered. Default 5000.
    pub breaker_cooldown_ms: Bounded<10, 600_000>,
    /// A PEM file of certificate authorities to trust instead of the system's. A relative path is relative to
    /// the directory of the config file. Default: the system's certificate authorities.
    pub ca_file: Option<PathBuf>,
    /// The HTTP version. `2` uses HTTP/2 over TLS if the upstream offers it, else 1.1; it sends all calls over
    /// one connection and costs about twice the CPU of 1.1. Default `1.1`.
    pub http_version: HttpVersion,
}

/// The HTTP version of calls to an upstream.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum HttpVersion {
    /// HTTP/1.1 only.
    #[default]
    #[serde(rename = "1.1")]
    One,
    /// HTTP/2 if the upstream offers it.
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
    fn an_empty_table_is_the_default() {
        assert_eq!(toml::from_str::<HttpSettings>("").unwrap(), HttpSettings::default());
    }

    #[test]
    fn only_known_http_versions_are_accepted() {
        let read = |text: &str| toml::from_str::<HttpSettings>(text).map(|settings| settings.http_version);
        assert_eq!(read("http_version = \"1.1\"").unwrap(), HttpVersion::One);
        assert_eq!(read("http_version = \"2\"").unwrap(), HttpVersion::Two);
        assert!(read("http_version = \"3\"").unwrap_err().to_string().contains("1.1"));
    }

    #[test]
    fn an_unknown_key_is_named_in_the_error() {
        let error = toml::from_str::<HttpSettings>("timeuot_ms = 1").unwrap_err().to_string();
        assert!(error.contains("timeuot_ms"), "{error}");
    }
}
