//! Keyed hashes that are the same on every replica and after every restart.
//!
//! Each purpose has a key of its own, derived from one secret under a label, so that the hashes of one purpose reveal
//! nothing about those of another. The secret predicts every hash.

use std::fmt;

use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key, Tag, sign, verify};
use secrecy::{ExposeSecret as _, SecretString};

/// The minimum length of a secret, in bytes: that of the hash (RFC 2104 section 3).
pub const MIN_SECRET_BYTES: usize = 32;

/// The secret that keys are derived from.
#[derive(Clone)]
pub struct HashSecret(SecretString);

/// The secret is too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooShort;

/// The key for one purpose.
#[derive(Clone)]
pub struct HashKey(Key);

// ===== impl HashSecret =====

impl HashSecret {
    /// Takes a secret of at least [`MIN_SECRET_BYTES`] bytes.
    ///
    /// # Errors
    /// [`TooShort`].
    pub fn new(secret: SecretString) -> Result<Self, TooShort> {
        if secret.expose_secret().len() < MIN_SECRET_BYTES { Err(TooShort) } else { Ok(Self(secret)) }
    }

    /// The key for the purpose that `label` names.
    pub fn derive(&self, label: &str) -> HashKey {
        let secret = Key::new(HMAC_SHA256, self.0.expose_secret().as_bytes());
        HashKey(Key::new(HMAC_SHA256, sign(&secret, label.as_bytes()).as_ref()))
    }
}

// ===== impl HashKey =====

impl HashKey {
    /// The hash of several parts and their lengths.
    pub fn hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.sign(parts).as_ref());
        hash
    }

    /// Whether `hash` is the [`seal`](Self::seal) of a text, compared in constant time.
    pub fn verify(&self, text: &[u8], hash: &[u8]) -> bool {
        verify(&self.0, text, hash).is_ok()
    }

    /// The hash of one text, to be checked by [`Self::verify`].
    pub fn seal(&self, text: &[u8]) -> [u8; 32] {
        let mut seal = [0; 32];
        seal.copy_from_slice(sign(&self.0, text).as_ref());
        seal
    }

    fn sign(&self, parts: &[&[u8]]) -> Tag {
        let mut context = Context::with_key(&self.0);
        for part in parts {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        context.sign()
    }
}

impl fmt::Debug for HashSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HashSecret")
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HashKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: &str, label: &str) -> HashKey {
        HashSecret::new(secret.into()).unwrap().derive(label)
    }

    #[test]
    fn secret_label_and_parts_each_change_the_hash() {
        let secret = "0123456789abcdef0123456789abcdef";
        let hash = key(secret, "split").hash(&[b"ab", b"c"]);
        assert_eq!(hash, key(secret, "split").hash(&[b"ab", b"c"]));
        assert_ne!(hash, key(secret, "split").hash(&[b"a", b"bc"]));
        assert_ne!(hash, key(secret, "decoys").hash(&[b"ab", b"c"]));
        assert_ne!(hash, key("another secret of at least 32 bytes", "split").hash(&[b"ab", b"c"]));
    }

    #[test]
    fn only_the_seal_of_the_text_is_verified() {
        let key = key("0123456789abcdef0123456789abcdef", "cookie");
        let seal = key.seal(b"id");
        assert!(key.verify(b"id", &seal));
        assert!(!key.verify(b"ie", &seal) && !key.verify(b"id", &seal[..16]));
    }

    #[test]
    fn short_secret_is_rejected_and_no_secret_is_shown() {
        assert!(HashSecret::new("0123456789abcdef0123456789abcde".into()).is_err());
        let secret = HashSecret::new("hunter2-hunter2-hunter2-hunter2-".into()).unwrap();
        assert!(!format!("{secret:?} {:?}", secret.derive("x")).contains("hunter2"));
    }
}
