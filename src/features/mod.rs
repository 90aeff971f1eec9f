//! features.

pub mod decoys;
pub mod key_learning;
pub(crate) mod own_tokens;
pub mod user_handles;
