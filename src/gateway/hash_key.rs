//! `[gateway] hash_key`: one secret that every replica has, from which whatever must look random and
//! be the same everywhere is derived.
//!
//! Each use has a label of its own, so that what one derives tells nothing of another. The key is never
//! shown; one that is too short to be secret is refused.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::hmac;
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use crate::diagnostic::Diagnostic;
use crate::secret::SecretReference;

/// A shorter key is refused, in bytes: as long as what is derived.
const LEAST: usize = 32;
/// How to make a key.
const MAKE: &str = "give it at least 32 random bytes, such as those of `openssl rand -base64 48`";

/// `[gateway]`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GatewaySettings {
    /// `env:NAME` or `file:PATH` of a secret of at least 32 bytes, the same on every replica: what must look
    /// random and be the same everywhere is derived from it. Default: none; what needs it says so.
    pub hash_key: Option<SecretReference>,
}

/// What the config says of the hash key.
#[derive(Clone, Debug, Default)]
pub enum Hashing {
    /// Nothing.
    #[default]
    Unkeyed,
    /// Something that does not work, which was told of.
    Broken,
    /// A key.
    Keyed(Arc<HashKey>),
}

/// The key itself.
pub struct HashKey(hmac::Key);

impl Hashing {
    /// Finds the key; a relative `file:` starts at `base`.
    ///
    /// # Errors
    /// A diagnostic without a place, about the key `gateway.hash_key`.
    pub fn find(settings: &GatewaySettings, base: &Path) -> Result<Self, Diagnostic> {
        let Some(reference) = &settings.hash_key else { return Ok(Self::Unkeyed) };
        let secret = reference.resolve(base).map_err(|problem| {
            Diagnostic::error(format!("the hash key is missing: {problem}"))
                .label("this reference")
                .remedy(reference.remedy())
        })?;
        let bytes = secret.expose_secret().as_bytes();
        if bytes.len() < LEAST {
            let message = format!("the hash key is shorter than {LEAST} bytes");
            return Err(Diagnostic::error(message).label("this reference").remedy(MAKE));
        }
        Ok(Self::Keyed(Arc::new(HashKey::new(bytes))))
    }
}

impl HashKey {
    /// The key of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// HMAC-SHA-256 of a use's label and its parts. Each part counts with its length, so that no two lists
    /// of parts are hashed alike.
    pub fn hash(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in std::iter::once(label.as_bytes()).chain(parts.iter().copied()) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.sign().as_ref());
        hash
    }
}

// By hand: the key is secret.
impl fmt::Debug for HashKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HashKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_uses_and_no_two_lists_of_parts_are_hashed_alike() {
        let key = HashKey::new(&[7; 32]);
        let hash = key.hash("a", &[b"bc", b"d"]);
        assert_eq!(hash, HashKey::new(&[7; 32]).hash("a", &[b"bc", b"d"]));
        for other in [
            key.hash("b", &[b"bc", b"d"]),
            key.hash("a", &[b"b", b"cd"]),
            key.hash("a", &[b"bcd"]),
            key.hash("a", &[b"bc", b"d", b""]),
            key.hash("ab", &[b"c", b"d"]),
            HashKey::new(&[8; 32]).hash("a", &[b"bc", b"d"]),
        ] {
            assert_ne!(hash, other);
        }
    }

    #[test]
    fn a_hash_is_hmac_sha_256_of_the_parts_with_their_lengths() {
        let message = b"\0\0\0\0\0\0\0\x01a\0\0\0\0\0\0\0\x02bc";
        let plain = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &[7; 40]), message);
        assert_eq!(HashKey::new(&[7; 40]).hash("a", &[b"bc"]).as_slice(), plain.as_ref());
    }

    #[test]
    fn a_short_key_is_refused_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), "hunter2hunter2hunter2hunter2hun\n").unwrap();
        let settings = GatewaySettings { hash_key: SecretReference::parse("file:key") };
        let told = Hashing::find(&settings, folder.path()).unwrap_err().to_string();
        assert!(told.contains("shorter than 32 bytes") && !told.contains("hunter2"), "{told}");
        std::fs::write(folder.path().join("key"), "hunter2hunter2hunter2hunter2hunt\n").unwrap();
        let found = Hashing::find(&settings, folder.path()).unwrap();
        assert_eq!(format!("{found:?}"), "Keyed(HashKey(..))");
        assert!(matches!(Hashing::find(&GatewaySettings::default(), folder.path()), Ok(Hashing::Unkeyed)));
    }
}
