//! `[limits]`: the limits of a caller's request.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::base::bounded::Bounded;
use crate::gateway::rate_limits::settings::RateSettings;

/// Limits on the requests of every route.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of content a request may have on an operation's path. Default 65536.
    pub max_content_bytes: Bounded<1024, 16_777_216>,
    /// Milliseconds in which that content must be complete. Default 15000.
    pub content_deadline_ms: Bounded<10, 600_000>,
    /// How deep objects and arrays may be nested in JSON, the caller's and the upstream's. Default 32.
    pub max_depth: Bounded<8, 100>,
    /// How many requests a minute one client may send. All of them may come at once; 0 is no limit. Devices are callers
    /// without a secret of their own: of open operations, users with a token, and public clients. Their limits are only
    /// observed where `server.trusted_proxies` is not declared, and never bind a trusted proxy.
    pub rates: RateSettings,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_content_bytes: Bounded::nearest(64 << 10),
            content_deadline_ms: Bounded::nearest(15_000),
            max_depth: Bounded::nearest(32),
            rates: RateSettings::default(),
        }
    }
}
