//! Reading one CBOR item from the front of a slice.
//!
//! The callers limit the length; this limits the nesting. Every failure is the same error, because the decoder's own
//! text could quote the input.

use ciborium::de::from_reader_with_recursion_limit;
use serde::de::DeserializeOwned;

/// An attestation statement needs four levels, an extension output a few more.
const MAX_DEPTH: usize = 16;

/// The input does not begin with one well-formed CBOR item of the expected type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct InvalidCbor;

/// Reads one item and moves `input` past it.
pub(super) fn read_item<T: DeserializeOwned>(input: &mut &[u8]) -> Result<T, InvalidCbor> {
    from_reader_with_recursion_limit(input, MAX_DEPTH).map_err(|_| InvalidCbor)
}
