//! The signing keys: RSA of 2048 bits, created at the first start and stored in the directory.
//!
//! Rotation creates a new key and retires the old one, which verifies tokens until the last one it signed expires.
//! Every process that shares the directory signs its next token with the new key.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::{Connection, OptionalExtension};

use crate::relying_party::directory::Store;
use crate::storage::error::StoreError;

/// A parsed key pair. Parsing takes six times as long as signing.
#[derive(Debug)]
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    pair: RsaKeyPair,
    retired_at: Option<i64>,
}

impl SigningKey {
    fn read(kid: String, pkcs8: &[u8], retired_at: Option<i64>) -> Result<Self, StoreError> {
        let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| StoreError::Unreadable("signing key"))?;
        Ok(Self { kid, pair, retired_at })
    }

    /// The signature RS256 (RFC 7518 section 3.3).
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)?;
        Ok(signature)
    }

    /// The public key's modulus, big-endian, without leading zeros.
    pub(crate) fn modulus(&self) -> &[u8] {
        self.pair.public_key().modulus().big_endian_without_leading_zero()
    }

    /// The public key's exponent, in the same form.
    pub(crate) fn exponent(&self) -> &[u8] {
        self.pair.public_key().exponent().big_endian_without_leading_zero()
    }
}

/// The active key and the retired ones.
#[derive(Debug)]
pub(crate) struct KeyRing {
    active: SigningKey,
    retired: Vec<SigningKey>,
}

impl KeyRing {
    fn load(connection: &Connection) -> Result<Self, StoreError> {
        let sql = "SELECT kid, pkcs8, retired_at FROM signing_keys ORDER BY retired_at IS NOT NULL, retired_at DESC";
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?, row.get(2)?)))?
            .collect::<Result<Vec<_>, _>>()?;
        let mut keys = rows.into_iter().map(|(kid, pkcs8, retired_at)| SigningKey::read(kid, &pkcs8, retired_at));
        let active = keys.next().ok_or(StoreError::Unreadable("signing key"))??;
        Ok(Self { active, retired: keys.collect::<Result<_, _>>()? })
    }

    /// The key that signs.
    pub(crate) fn active(&self) -> &SigningKey {
        &self.active
    }

    /// The keys that verify at `now`, for tokens that last `lifetime` seconds.
    pub(crate) fn verifying(&self, now: i64, lifetime: i64) -> impl Iterator<Item = &SigningKey> {
        let retired = self.retired.iter();
        let live = retired.filter(move |key| key.retired_at.is_none_or(|at| now <= at.saturating_add(lifetime)));
        std::iter::once(&self.active).chain(live)
    }
}

/// The keys of a running relying party.
#[derive(Debug)]
pub(crate) struct SigningKeys {
    ring: RwLock<Arc<KeyRing>>,
    /// When a token with an unknown key last caused a reload.
    reloaded_at: AtomicI64,
}

impl SigningKeys {
    /// Loads the keys, and creates the first one when there is none.
    pub(crate) fn open(store: &mut Store, now: i64) -> Result<Self, StoreError> {
        let transaction = store.write()?;
        if active_kid(&transaction)?.is_none() {
            insert_new(&transaction, now)?;
        }
        transaction.commit()?;
        let ring = RwLock::new(Arc::new(KeyRing::load(store.connection())?));
        Ok(Self { ring, reloaded_at: AtomicI64::new(i64::MIN) })
    }

    /// The loaded keys.
    pub(crate) fn current(&self) -> Arc<KeyRing> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The directory's keys, which another process may have rotated.
    pub(crate) fn refreshed(&self, connection: &Connection) -> Result<Arc<KeyRing>, StoreError> {
        let known = self.current();
        if active_kid(connection)?.is_some_and(|kid| kid == known.active.kid) {
            return Ok(known);
        }
        let ring = Arc::new(KeyRing::load(connection)?);
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&ring);
        Ok(ring)
    }

    /// Whether an unknown key identifier may cause a reload: once a second, since an attacker can invent identifiers.
    pub(crate) fn may_reload(&self, now: i64) -> bool {
        self.reloaded_at.swap(now, Ordering::Relaxed) != now
    }
}

/// Creates a new active key, retires the old one and deletes those that no longer verify. Returns the new key's
/// identifier. `lifetime` is that of a token, in seconds.
pub(crate) fn rotate(store: &mut Store, now: i64, lifetime: i64) -> Result<String, StoreError> {
    let transaction = store.write()?;
    transaction.execute("DELETE FROM signing_keys WHERE retired_at + ?1 < ?2", [lifetime, now])?;
    transaction.execute("UPDATE signing_keys SET retired_at = ?1 WHERE retired_at IS NULL", [now])?;
    let kid = insert_new(&transaction, now)?;
    transaction.commit()?;
    Ok(kid)
}

fn active_kid(connection: &Connection) -> Result<Option<String>, StoreError> {
    let sql = "SELECT kid FROM signing_keys WHERE retired_at IS NULL";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?)
}

fn insert_new(connection: &Connection, now: i64) -> Result<String, StoreError> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der()?;
    let key = SigningKey { kid: String::new(), pair, retired_at: None };
    let kid = thumbprint(&key);
    let sql = "INSERT INTO signing_keys (kid, pkcs8, created_at) VALUES (?1, ?2, ?3)";
    connection.execute(sql, (&kid, pkcs8.as_ref(), now))?;
    Ok(kid)
}

/// The JWK thumbprint (RFC 7638): members in this order, no white space.
fn thumbprint(key: &SigningKey) -> String {
    let [e, n] = [key.exponent(), key.modulus()].map(|number| URL_SAFE_NO_PAD.encode(number));
    let jwk = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
    URL_SAFE_NO_PAD.encode(digest(&SHA256, jwk.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relying_party::directory::tests::temporary;

    fn kids(ring: &KeyRing, now: i64) -> Vec<&str> {
        ring.verifying(now, 3600).map(|key| key.kid.as_str()).collect()
    }

    #[test]
    fn first_start_creates_a_key_and_the_next_keeps_it() {
        let (place, mut store) = temporary();
        let first = SigningKeys::open(&mut store, 1).unwrap().current().active().kid.clone();
        drop(store);
        let mut store = Store::open(&place.path().join("directory.db")).unwrap();
        assert_eq!(SigningKeys::open(&mut store, 2).unwrap().current().active().kid, first);
    }

    #[test]
    fn retired_key_verifies_until_its_last_token_expires() {
        let (_place, mut store) = temporary();
        let keys = SigningKeys::open(&mut store, 0).unwrap();
        let old = keys.current().active().kid.clone();
        let new = rotate(&mut store, 10, 3600).unwrap();
        let ring = keys.refreshed(store.connection()).unwrap();
        assert_eq!(ring.active().kid, new);
        assert_eq!(kids(&ring, 3610), [new.as_str(), old.as_str()]);
        assert_eq!(kids(&ring, 3611), [new.as_str()]);
        let newest = rotate(&mut store, 3611, 3600).unwrap();
        assert_eq!(kids(&keys.refreshed(store.connection()).unwrap(), 3611), [newest, new]);
    }

    #[test]
    fn unknown_key_causes_one_reload_a_second() {
        let (_place, mut store) = temporary();
        let keys = SigningKeys::open(&mut store, 0).unwrap();
        assert_eq!([5, 5, 6].map(|now| keys.may_reload(now)), [true, false, true]);
    }
}
