//! One sign-in, as every token that comes of it remembers it.
//!
//! A token that was refreshed ever so often still knows when its user last proved themselves, what was
//! granted then, and when it was to end.

use crate::relying_party::random;
use crate::relying_party::tokens::grant::Grant;
use crate::storage::error::StoreError;

/// A session lasts a year at most, in seconds.
const MAX_SESSION_LIFETIME: i64 = 525_600 * 60;

/// A user proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authentication {
    /// Names the sign-in, so that its tokens can be ended together.
    pub(crate) family: [u8; 16],
    pub(crate) grant: Grant,
    /// When.
    pub(crate) at: i64,
    /// When all of it ends, where the client asked for a session of some length.
    pub(crate) ends_at: Option<i64>,
}

impl Authentication {
    /// A sign-in that happens now. `session_lifetime` is in seconds.
    pub(crate) fn new(grant: Grant, session_lifetime: Option<i64>, now: i64) -> Result<Self, StoreError> {
        let ends_at = session_lifetime.map(|seconds| now + seconds.min(MAX_SESSION_LIFETIME));
        Ok(Self { family: random::bytes()?, grant, at: now, ends_at })
    }

    /// When a token that is made now and would last `lifetime` seconds expires.
    pub(crate) fn expiry(&self, now: i64, lifetime: i64) -> i64 {
        let expiry = now + lifetime;
        self.ends_at.map_or(expiry, |end| end.min(expiry))
    }
}
