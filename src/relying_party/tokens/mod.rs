//! The tokens the embedded relying party gives out, and takes.
//!
//! Access and id tokens are JWTs, signed with RS256 and checked without a look into the directory.
//! Refresh and session tokens are random text of which the directory keeps a hash. A token that is
//! not valid is refused as `unauthenticated`; why is for the log only.

pub(crate) mod authentication;
pub(crate) mod claims;
pub(crate) mod discovery;
pub(crate) mod grant;
pub(crate) mod issue;
pub(crate) mod keys;
pub(crate) mod opaque;
pub(crate) mod refresh;
pub mod verify;
