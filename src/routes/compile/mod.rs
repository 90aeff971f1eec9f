//! compile.

pub(crate) mod backends;
pub(crate) mod builder;
pub(crate) mod decoys;
pub(crate) mod fallback;
pub(crate) mod findings;
pub mod identity;
pub(crate) mod key_learning;
pub(crate) mod policies;
pub(crate) mod route;
pub(crate) mod settings;
pub(crate) mod split;
pub(crate) mod user_handles;
