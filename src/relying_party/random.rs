//! Random secrets and identifiers, from the cryptographic library's generator.

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::storage::error::StoreError;

/// Random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes)?;
    Ok(bytes)
}

/// A bearer secret of 256 bits, after a prefix that identifies its kind.
pub(crate) fn secret(prefix: &str) -> Result<String, StoreError> {
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes::<32>()?)))
}

/// A unique identifier. It is not a secret.
pub(crate) fn identifier(prefix: &str) -> String {
    format!("{prefix}{}", Uuid::new_v4().simple())
}
