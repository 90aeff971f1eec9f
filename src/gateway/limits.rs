//! `[limits]`: what a caller's request may be.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::base::bounded::Within;

/// Limits on the requests of every route.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of content a request may have on an operation's path. Default 65536.
    pub max_content_bytes: Within<1024, 16_777_216>,
    /// Milliseconds in which that content must be complete. Default 15000.
    pub content_deadline_ms: Within<10, 600_000>,
    /// How deep objects and arrays may be nested in JSON, the caller's and the upstream's. Default 32.
    pub max_depth: Within<8, 100>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_content_bytes: Within::nearest(64 << 10),
            content_deadline_ms: Within::nearest(15_000),
            max_depth: Within::nearest(32),
        }
    }
}
