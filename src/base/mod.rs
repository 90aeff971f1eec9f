//! What every module may use: diagnostics, TOML documents with positions, bounded numbers, references to secrets,
//! keyed hashes, counts by key, similar names and base64. It imports no other module.

pub mod base64;
pub mod bounded;
pub mod diagnostic;
pub mod document;
pub mod hash_key;
pub(crate) mod host;
pub(crate) mod keyed_counts;
pub(crate) mod keyword_or;
pub mod secret;
pub(crate) mod similar_name;
