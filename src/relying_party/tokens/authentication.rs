//! The sign-in that a token comes from.
//!
//! Tokens from any number of refreshes keep the time, the grant and the end of their sign-in.

use crate::relying_party::random;
use crate::relying_party::tokens::grant::Grant;
use crate::storage::error::StoreError;

/// A year, in seconds.
const MAX_SESSION_LIFETIME: i64 = 525_600 * 60;

/// A user's sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authentication {
    /// Identifies the sign-in, so that its tokens can be revoked together.
    pub(crate) family: [u8; 16],
    pub(crate) grant: Grant,
    /// The time.
    pub(crate) at: i64,
    /// The end of the session, if the client requested a lifetime.
    pub(crate) ends_at: Option<i64>,
}

impl Authentication {
    /// A sign-in at `now`. `session_lifetime` is in seconds.
    pub(crate) fn new(grant: Grant, session_lifetime: Option<i64>, now: i64) -> Result<Self, StoreError> {
        let ends_at = session_lifetime.map(|seconds| now + seconds.min(MAX_SESSION_LIFETIME));
        Ok(Self { family: random::bytes()?, grant, at: now, ends_at })
    }

    /// The expiry of a token issued at `now` for `lifetime` seconds, at most the end of the session.
    pub(crate) fn expiry(&self, now: i64, lifetime: i64) -> i64 {
        let expiry = now + lifetime;
        self.ends_at.map_or(expiry, |end| end.min(expiry))
    }
}
