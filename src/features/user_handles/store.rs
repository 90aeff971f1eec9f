//! The file of user handles: one connection, which blocks.
//!
//! A read before a write takes the write lock first. A claim is on disk before it is answered: losing it would lose a
//! passkey that the upstream has.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, named_params};

use crate::features::user_handles::file::APPLICATION_ID;
use crate::features::user_handles::passkey::{NewPasskey, Passkey};
use crate::model::fault::{Fault, Refusal};
use crate::relying_party::clock::now;
use crate::storage::error::{OpenError, StoreError};
use crate::storage::migrate::Schema;
use crate::storage::sqlite;

const SCHEMA: Schema =
    Schema { application_id: APPLICATION_ID, migrations: &[include_str!("migrations/001_passkeys.sql")] };

/// One connection to the file.
#[derive(Debug)]
pub struct HandleStore {
    connection: Connection,
}

/// The passkeys of one user of the upstream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UserPasskeys {
    /// The user handle that the user's clients have, if known.
    pub(crate) caller_handle: Option<Vec<u8>>,
    /// Whether clients of another user have the upstream's handle.
    pub(crate) is_caller_handle_of_another: bool,
    /// The passkeys that are registered at the upstream.
    pub(crate) passkeys: Vec<Excluded>,
}

/// A passkey of an exclude list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Excluded {
    pub(crate) credential_id: Vec<u8>,
    pub(crate) transports: Vec<String>,
}

/// The result of claiming a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HandleClaim {
    /// Stored; to be confirmed or released by this serial number.
    Pending(i64),
    /// The passkey is registered for the same user already.
    Known,
}

impl HandleStore {
    /// Opens the file, and creates it when missing.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let connection = sqlite::open(path, &SCHEMA)?;
        let failed = |error: rusqlite::Error| OpenError::Database { path: path.to_owned(), source: error.into() };
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        Ok(Self { connection })
    }

    /// Starts a transaction that takes the write lock at once.
    pub(super) fn write(&mut self) -> Result<Transaction<'_>, StoreError> {
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    pub(crate) fn find(&self, id: &[u8]) -> Result<Option<Passkey>, StoreError> {
        find(&self.connection, id)
    }

    pub(crate) fn user_passkeys(&self, upstream_handle: &[u8], rp_id: &str) -> Result<UserPasskeys, StoreError> {
        // An unknown relying party may be this one: an exclude list with too many entries does no harm.
        let sql = "SELECT credential_id, transports, caller_handle FROM passkeys
                   WHERE upstream_handle = ?1 AND is_pending = 0 AND (rp_id = ?2 OR rp_id = '' OR ?2 = '')
                   ORDER BY serial";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query((upstream_handle, rp_id))?;
        let mut user_passkeys = UserPasskeys {
            is_caller_handle_of_another: self.is_caller_handle_of_another(upstream_handle)?,
            ..UserPasskeys::default()
        };
        while let Some(row) = rows.next()? {
            let transports: String = row.get(1)?;
            let transports = serde_json::from_str(&transports).map_err(|_| StoreError::Unreadable("transport"))?;
            user_passkeys.passkeys.push(Excluded { credential_id: row.get(0)?, transports });
            if user_passkeys.caller_handle.is_none() {
                user_passkeys.caller_handle = row.get(2)?;
            }
        }
        Ok(user_passkeys)
    }

    fn is_caller_handle_of_another(&self, handle: &[u8]) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM passkeys WHERE caller_handle = ?1 AND upstream_handle <> ?1)";
        Ok(self.connection.prepare_cached(sql)?.query_row([handle], |row| row.get(0))?)
    }

    /// Stores a passkey before the registration is sent to the upstream.
    ///
    /// # Errors
    /// `conflict` if the credential id is another user's.
    pub(crate) fn claim(&mut self, new: &NewPasskey) -> Result<HandleClaim, Refusal> {
        let transaction = self.write()?;
        match find(&transaction, &new.credential_id)? {
            Some(known) if known.upstream_handle != new.upstream_handle => {
                return Err(Refusal::new(Fault::Conflict, "the credential id belongs to another user's passkey"));
            }
            Some(known) if !known.is_pending => return Ok(HandleClaim::Known),
            // An earlier claim may still be confirmed: the new claim has a serial number of its own.
            Some(known) => release(&transaction, known.serial)?,
            None => {}
        }
        insert(&transaction, new, true)?;
        let serial = transaction.last_insert_rowid();
        transaction.commit().map_err(StoreError::from)?;
        Ok(HandleClaim::Pending(serial))
    }

    pub(crate) fn confirm(&self, serial: i64, name: Option<&str>) -> Result<(), StoreError> {
        let sql = "UPDATE passkeys SET is_pending = 0, pending_key = NULL, name = coalesce(?2, name) WHERE serial = ?1";
        self.connection.prepare_cached(sql)?.execute((serial, name))?;
        Ok(())
    }

    /// Deletes a claim that was not confirmed.
    pub(crate) fn release(&self, serial: i64) -> Result<(), StoreError> {
        release(&self.connection, serial)
    }

    pub(crate) fn forget(&self, id: Option<&[u8]>, name: Option<&str>) -> Result<u64, StoreError> {
        let sql = "DELETE FROM passkeys WHERE credential_id = ?1 OR name = ?2";
        Ok(self.connection.prepare_cached(sql)?.execute((id, name))? as u64)
    }
}

/// A passkey by its credential id.
pub(super) fn find(connection: &Connection, id: &[u8]) -> Result<Option<Passkey>, StoreError> {
    let sql = "SELECT serial, upstream_handle, caller_handle, name, is_pending, pending_key
               FROM passkeys WHERE credential_id = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([id], columns).optional()?)
}

/// Adds a passkey with a new id.
pub(super) fn insert(connection: &Connection, new: &NewPasskey, is_pending: bool) -> Result<(), StoreError> {
    let transports = serde_json::to_string(&new.transports).map_err(|_| StoreError::Unreadable("transport"))?;
    let sql = "INSERT INTO passkeys (credential_id, upstream_handle, caller_handle, rp_id, transports, is_pending,
                   pending_key, added_at)
               VALUES (:id, :upstream, :caller, :rp_id, :transports, :is_pending, :key, :added_at)";
    connection.prepare_cached(sql)?.execute(named_params! {
        ":id": new.credential_id,
        ":upstream": new.upstream_handle,
        ":caller": new.caller_handle,
        ":rp_id": new.rp_id,
        ":transports": transports,
        ":is_pending": is_pending,
        ":key": new.key.as_ref().filter(|_| is_pending),
        ":added_at": now(),
    })?;
    Ok(())
}

fn release(connection: &Connection, serial: i64) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM passkeys WHERE serial = ?1 AND is_pending = 1")?.execute([serial])?;
    Ok(())
}

fn columns(row: &Row<'_>) -> rusqlite::Result<Passkey> {
    Ok(Passkey {
        serial: row.get(0)?,
        upstream_handle: row.get(1)?,
        caller_handle: row.get(2)?,
        name: row.get(3)?,
        is_pending: row.get(4)?,
        pending_key: row.get(5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, HandleStore) {
        let place = tempfile::tempdir().unwrap();
        let store = HandleStore::open(&place.path().join("handles.db")).unwrap();
        (place, store)
    }

    fn new(id: u8, upstream: &[u8], caller: Option<&[u8]>) -> NewPasskey {
        NewPasskey {
            credential_id: vec![id],
            upstream_handle: upstream.into(),
            caller_handle: caller.map(Into::into),
            rp_id: "localhost".into(),
            transports: vec!["internal".into()],
            key: Some(vec![0xa0]),
        }
    }

    fn pending(claim: HandleClaim) -> i64 {
        match claim {
            HandleClaim::Pending(serial) => serial,
            HandleClaim::Known => panic!("it is known"),
        }
    }

    fn confirmed(store: &mut HandleStore, passkey: &NewPasskey) {
        let serial = pending(store.claim(passkey).unwrap());
        store.confirm(serial, None).unwrap();
    }

    #[test]
    fn claim_is_pending_until_it_is_confirmed() {
        let (_place, mut store) = store();
        let serial = pending(store.claim(&new(1, b"up", Some(b"down"))).unwrap());
        let found = store.find(&[1]).unwrap().unwrap();
        let expected = Passkey {
            serial,
            upstream_handle: b"up".into(),
            caller_handle: Some(b"down".into()),
            name: None,
            is_pending: true,
            pending_key: Some(vec![0xa0]),
        };
        assert_eq!(found, expected);
        store.confirm(serial, Some("passkey_1")).unwrap();
        let confirmed = Passkey { name: Some("passkey_1".into()), is_pending: false, pending_key: None, ..expected };
        assert_eq!(store.find(&[1]).unwrap().unwrap(), confirmed);
        store.release(serial).unwrap();
        assert_eq!(store.find(&[1]).unwrap().unwrap(), confirmed, "a confirmed passkey is not released");
        assert_eq!(store.claim(&new(1, b"up", None)).unwrap(), HandleClaim::Known);
    }

    #[test]
    fn released_claim_leaves_nothing() {
        let (_place, mut store) = store();
        let serial = pending(store.claim(&new(1, b"up", None)).unwrap());
        store.release(serial).unwrap();
        assert_eq!(store.find(&[1]).unwrap(), None);
    }

    #[test]
    fn releasing_a_claim_keeps_the_next_one() {
        let (_place, mut store) = store();
        let first = pending(store.claim(&new(1, b"up", None)).unwrap());
        let second = pending(store.claim(&new(1, b"up", Some(b"down"))).unwrap());
        store.release(first).unwrap();
        store.confirm(first, None).unwrap();
        let kept = store.find(&[1]).unwrap().unwrap();
        assert_eq!((kept.serial, kept.is_pending), (second, true));
    }

    #[test]
    fn credential_id_belongs_to_one_user() {
        let (_place, mut store) = store();
        let claimed = pending(store.claim(&new(1, b"ada", None)).unwrap());
        for _ in 0..2 {
            let refused = store.claim(&new(1, b"bob", None)).unwrap_err();
            assert_eq!(refused.fault, Fault::Conflict);
            store.confirm(claimed, None).unwrap();
        }
        assert_eq!(store.find(&[1]).unwrap().unwrap().upstream_handle, b"ada");
    }

    #[test]
    fn user_passkeys_are_those_of_one_user_and_relying_party() {
        let (_place, mut store) = store();
        confirmed(&mut store, &new(1, b"ada", None));
        confirmed(&mut store, &new(2, b"ada", Some(b"old ada")));
        confirmed(&mut store, &NewPasskey { rp_id: "other.example".into(), ..new(3, b"ada", Some(b"x")) });
        confirmed(&mut store, &NewPasskey { rp_id: String::new(), ..new(4, b"ada", Some(b"y")) });
        confirmed(&mut store, &new(5, b"bob", Some(b"carol")));
        store.claim(&new(6, b"ada", None)).unwrap();
        let user_passkeys = store.user_passkeys(b"ada", "localhost").unwrap();
        let ids: Vec<_> = user_passkeys.passkeys.iter().map(|one| one.credential_id[0]).collect();
        assert_eq!((ids, user_passkeys.caller_handle.as_deref()), (vec![1, 2, 4], Some(&b"old ada"[..])));
        assert_eq!(user_passkeys.passkeys[0].transports, ["internal"]);
        assert!(!user_passkeys.is_caller_handle_of_another);
        let stranger = store.user_passkeys(b"carol", "localhost").unwrap();
        assert_eq!(stranger, UserPasskeys { is_caller_handle_of_another: true, ..UserPasskeys::default() });
        assert_eq!(store.user_passkeys(b"ada", "").unwrap().passkeys.len(), 4);
    }

    #[test]
    fn passkey_is_forgotten_by_id_or_name() {
        let (_place, mut store) = store();
        let first = pending(store.claim(&new(1, b"ada", None)).unwrap());
        store.confirm(first, Some("one")).unwrap();
        confirmed(&mut store, &new(2, b"ada", None));
        assert_eq!(store.forget(None, None).unwrap(), 0);
        assert_eq!(store.forget(None, Some("one")).unwrap(), 1);
        assert_eq!(store.forget(Some(&[2]), Some("two")).unwrap(), 1);
        assert_eq!(store.user_passkeys(b"ada", "").unwrap(), UserPasskeys::default());
    }

    #[test]
    fn claim_is_on_disk_before_it_is_answered() {
        let (_place, store) = store();
        let level: i64 = store.connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
        assert_eq!(level, 2);
    }
}
