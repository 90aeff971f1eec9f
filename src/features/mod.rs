//! Optional features of a route. Each is compiled into a backend and called by the hooks of the pipeline.

pub mod decoys;
pub mod key_learning;
pub(crate) mod own_tokens;
pub mod user_handles;
