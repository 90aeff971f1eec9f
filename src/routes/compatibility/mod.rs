//! Whether an upstream can serve a dialect: where each member of every message comes from, what makes an operation
//! impossible, and what is lost.
//!
//! These are pure functions over templates and settings. The config check, the coverage matrix and the request path
//! use the same ones, so that their answers agree. Nothing here knows the config file or sends a request.
//!
//! Start at [`Pair::support_of`](pair::Pair::support_of) in `pair_support.rs`.

pub(crate) mod availability;
pub mod describe;
pub mod findings;
pub mod operation_support;
pub mod pair;
pub(crate) mod pair_support;
pub mod remedies;
pub(crate) mod subject_proof;
pub(crate) mod user_handles;
