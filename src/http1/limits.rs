//! The limits of a message that is read.

/// The longest head, in bytes.
pub(crate) const MAX_HEAD_BYTES: usize = 64 << 10;
/// The most fields of a head.
pub(crate) const MAX_FIELDS: usize = 100;
/// The limit for the chunk extensions and trailers of one message together, in bytes.
pub(crate) const MAX_CHUNK_OVERHEAD_BYTES: usize = 16 << 10;
