//! The keys that sign: RSA of 2048 bits, made at the first start and kept in the directory.
//!
//! Rotation makes a new key and retires the old one, which goes on verifying until the last token it
//! signed is too old. Every process that shares the directory signs with the new key from its next
//! token on.

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

/// A key pair, ready to sign: to read it anew for every token would cost six times the signature.
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

    /// The public key's exponent, likewise.
    pub(crate) fn exponent(&self) -> &[u8] {
        self.pair.public_key().exponent().big_endian_without_leading_zero()
    }
}

/// The keys at one moment. There is always one that signs.
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

    /// The keys whose signatures count at `now`, where a token lasts `lifetime` seconds.
    pub(crate) fn verifying(&self, now: i64, lifetime: i64) -> impl Iterator<Item = &SigningKey> {
        let retired = self.retired.iter();
        let live = retired.filter(move |key| key.retired_at.is_none_or(|at| now <= at.saturating_add(lifetime)));
        std::iter::once(&self.active).chain(live)
    }
}

/// The keys of a running relying party.
#[derive(Debug)]
pub(crate) struct Keys {
    ring: RwLock<Arc<KeyRing>>,
    /// When a token with an unknown key last made us look into the directory.
    looked_at: AtomicI64,
}

impl Keys {
    /// The keys of the directory, after making the first one where there is none.
    pub(crate) fn open(store: &mut Store, now: i64) -> Result<Self, StoreError> {
        let transaction = store.write()?;
        if active_kid(&transaction)?.is_none() {
            insert_new(&transaction, now)?;
        }
        transaction.commit()?;
        let ring = RwLock::new(Arc::new(KeyRing::load(store.connection())?));
        Ok(Self { ring, looked_at: AtomicI64::new(i64::MIN) })
    }

    /// The keys as this process knows them.
    pub(crate) fn current(&self) -> Arc<KeyRing> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The keys as the directory has them: another process may have rotated them.
    pub(crate) fn refreshed(&self, connection: &Connection) -> Result<Arc<KeyRing>, StoreError> {
        let known = self.current();
        if active_kid(connection)?.is_some_and(|kid| kid == known.active.kid) {
            return Ok(known);
        }
        let ring = Arc::new(KeyRing::load(connection)?);
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&ring);
        Ok(ring)
    }

    /// Whether an unknown key is worth a look into the directory: once a second, since anybody can
    /// make up key identifiers.
    pub(crate) fn may_look(&self, now: i64) -> bool {
        self.looked_at.swap(now, Ordering::Relaxed) != now
    }
}

/// Makes a new key that signs from now on, retires the old one and forgets those that verify no more.
/// Answers the new key's identifier. `lifetime` is how long a token lasts, in seconds.
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
    fn the_first_start_makes_a_key_and_the_next_one_keeps_it() {
        let (place, mut store) = temporary();
        let first = Keys::open(&mut store, 1).unwrap().current().active().kid.clone();
        drop(store);
        let mut store = Store::open(&place.path().join("directory.db")).unwrap();
        assert_eq!(Keys::open(&mut store, 2).unwrap().current().active().kid, first);
    }

    #[test]
    fn a_retired_key_verifies_until_its_last_token_is_too_old() {
        let (_place, mut store) = temporary();
        let keys = Keys::open(&mut store, 0).unwrap();
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
    fn an_unknown_key_is_looked_for_once_a_second() {
        let (_place, mut store) = temporary();
        let keys = Keys::open(&mut store, 0).unwrap();
        assert_eq!([5, 5, 6].map(|now| keys.may_look(now)), [true, false, true]);
    }
}
