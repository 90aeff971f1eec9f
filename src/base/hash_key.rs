//! The key of every hash that must come out the same on each replica and after each restart.
//!
//! One secret serves several purposes, each by a key derived from it under a label, so that what one
//! purpose shows says nothing of another. Whoever has the secret can foretell every hash.

use std::fmt;

use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key, Tag, sign, verify};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::base::secret::SecretReference;

/// A secret is not shorter than this, in bytes: as long as the hash it keys (RFC 2104 section 3).
pub const SHORTEST: usize = 32;

/// `[gateway]`: what every replica must have the same.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GatewaySettings {
    /// The secret that decides which users a split moves, `env:NAME` or `file:PATH`: 32 bytes or more,
    /// the same on every replica. A new one deals all users anew. Needed where a route has a `split`.
    pub hash_key: Option<SecretReference>,
}

/// The secret, from which keys are derived.
#[derive(Clone)]
pub struct HashSecret(SecretString);

/// A secret that is too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooShort;

/// A key for one purpose. Clones are the same key.
#[derive(Clone)]
pub struct HashKey(Key);

// ===== impl HashSecret =====

impl HashSecret {
    /// Takes a secret of at least [`SHORTEST`] bytes.
    ///
    /// # Errors
    /// [`TooShort`].
    pub fn new(secret: SecretString) -> Result<Self, TooShort> {
        if secret.expose_secret().len() < SHORTEST { Err(TooShort) } else { Ok(Self(secret)) }
    }

    /// The key for the purpose that `label` names.
    pub fn derive(&self, label: &str) -> HashKey {
        let secret = Key::new(HMAC_SHA256, self.0.expose_secret().as_bytes());
        HashKey(Key::new(HMAC_SHA256, sign(&secret, label.as_bytes()).as_ref()))
    }
}

// ===== impl HashKey =====

impl HashKey {
    /// The hash of several parts; where one ends and the next begins counts.
    pub fn hash(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.sign(parts).as_ref());
        hash
    }

    /// Whether a hash is that of a text, found out in constant time.
    pub fn made(&self, text: &[u8], hash: &[u8]) -> bool {
        verify(&self.0, text, hash).is_ok()
    }

    /// The hash of one text, as [`Self::made`] knows it again.
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
    fn secret_label_and_parts_each_make_another_hash() {
        let secret = "0123456789abcdef0123456789abcdef";
        let hash = key(secret, "split").hash(&[b"ab", b"c"]);
        assert_eq!(hash, key(secret, "split").hash(&[b"ab", b"c"]));
        assert_ne!(hash, key(secret, "split").hash(&[b"a", b"bc"]));
        assert_ne!(hash, key(secret, "decoys").hash(&[b"ab", b"c"]));
        assert_ne!(hash, key("another secret of at least 32 bytes", "split").hash(&[b"ab", b"c"]));
    }

    #[test]
    fn a_seal_is_known_again_and_no_other() {
        let key = key("0123456789abcdef0123456789abcdef", "cookie");
        let seal = key.seal(b"id");
        assert!(key.made(b"id", &seal));
        assert!(!key.made(b"ie", &seal) && !key.made(b"id", &seal[..16]));
    }

    #[test]
    fn a_short_secret_is_refused_and_none_is_shown() {
        assert!(HashSecret::new("0123456789abcdef0123456789abcde".into()).is_err());
        let secret = HashSecret::new("hunter2-hunter2-hunter2-hunter2-".into()).unwrap();
        assert!(!format!("{secret:?} {:?}", secret.derive("x")).contains("hunter2"));
    }
}
