//! `[limits]`: the limits of a caller's request.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::base::bounded::Bounded;

/// Limits on the requests of every route.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of content a request may have on an operation's path. Default 65536.
    pub max_content_bytes: Bounded<1024, 16_777_216>,
    /// Milliseconds in which that content must be complete. Default 15000.
    pub content_deadline_ms: Bounded<10, 600_000>,
    /// How deep objects and arrays may be nested in JSON, the caller's and the upstream's. Default 32.
    pub max_depth: Bounded<8, 100>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_content_bytes: Bounded::nearest(64 << 10),
            content_deadline_ms: Bounded::nearest(15_000),
            max_depth: Bounded::nearest(32),
        }
    }
}
