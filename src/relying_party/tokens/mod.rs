//! The tokens of the embedded relying party.
//!
//! Access and id tokens are JWTs, signed with RS256 and verified without the directory. Refresh and session tokens are
//! random text of which the directory keeps a hash. An invalid token is `unauthenticated`; only the log has the reason.

pub(crate) mod authentication;
pub(crate) mod claims;
pub(crate) mod discovery;
pub(crate) mod grant;
pub(crate) mod issue;
pub(crate) mod keys;
pub(crate) mod opaque;
pub(crate) mod refresh;
pub mod verify;
