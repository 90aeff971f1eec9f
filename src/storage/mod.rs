//! storage.

pub(crate) mod blocking_pool;
pub(crate) mod migrate;
