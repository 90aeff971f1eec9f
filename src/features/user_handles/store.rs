//! The file itself: one connection, which blocks.
//!
//! Whatever reads before it writes does so in one transaction that took the write lock first. A claim is on disk
//! before it is answered: losing it would lose a passkey that the upstream has already.

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

/// What is known of one user of the upstream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UserPasskeys {
    /// The handle that the user's clients know, where one is known.
    pub(crate) caller_handle: Option<Vec<u8>>,
    /// Whether the upstream's own handle is what the clients of somebody else know.
    pub(crate) is_anothers: bool,
    /// The passkeys that the upstream is known to have.
    pub(crate) passkeys: Vec<Excluded>,
}

/// A passkey that must not be made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Excluded {
    pub(crate) credential_id: Vec<u8>,
    pub(crate) transports: Vec<String>,
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// It waits to be confirmed.
    Pending(i64),
    /// The upstream is known to have that passkey of that user.
    Known,
}

impl HandleStore {
    /// Opens the file, and makes it when missing.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let connection = sqlite::open(path, &SCHEMA)?;
        let failed = |error: rusqlite::Error| OpenError::Database { path: path.to_owned(), source: error.into() };
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        Ok(Self { connection })
    }

    /// Starts a transaction that may write.
    pub(super) fn write(&mut self) -> Result<Transaction<'_>, StoreError> {
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    pub(crate) fn find(&self, id: &[u8]) -> Result<Option<Passkey>, StoreError> {
        find(&self.connection, id)
    }

    pub(crate) fn family(&self, upstream_handle: &[u8], rp_id: &str) -> Result<UserPasskeys, StoreError> {
        // A relying party that nobody named may be this one: a list that holds too much does no harm.
        let sql = "SELECT credential_id, transports, caller_handle FROM passkeys
                   WHERE upstream_handle = ?1 AND is_pending = 0 AND (rp_id = ?2 OR rp_id = '' OR ?2 = '')
                   ORDER BY serial";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query((upstream_handle, rp_id))?;
        let mut family = UserPasskeys { is_anothers: self.is_anothers(upstream_handle)?, ..UserPasskeys::default() };
        while let Some(row) = rows.next()? {
            let transports: String = row.get(1)?;
            let transports = serde_json::from_str(&transports).map_err(|_| StoreError::Unreadable("transport"))?;
            family.passkeys.push(Excluded { credential_id: row.get(0)?, transports });
            if family.caller_handle.is_none() {
                family.caller_handle = row.get(2)?;
            }
        }
        Ok(family)
    }

    fn is_anothers(&self, handle: &[u8]) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM passkeys WHERE caller_handle = ?1 AND upstream_handle <> ?1)";
        Ok(self.connection.prepare_cached(sql)?.query_row([handle], |row| row.get(0))?)
    }

    /// Notes a passkey that the upstream is about to be told of.
    ///
    /// # Errors
    /// `conflict` where the id is that of another user's passkey.
    pub(crate) fn claim(&mut self, new: &NewPasskey) -> Result<Claim, Refusal> {
        let transaction = self.write()?;
        match find(&transaction, &new.credential_id)? {
            Some(known) if known.upstream_handle != new.upstream_handle => {
                return Err(Refusal::new(Fault::Conflict, "the credential id is that of another user's passkey"));
            }
            Some(known) if !known.is_pending => return Ok(Claim::Known),
            // Whoever claimed it before may still be told of it: that was another claim, with another key.
            Some(known) => release(&transaction, known.serial)?,
            None => {}
        }
        insert(&transaction, new, true)?;
        let serial = transaction.last_insert_rowid();
        transaction.commit().map_err(StoreError::from)?;
        Ok(Claim::Pending(serial))
    }

    pub(crate) fn confirm(&self, serial: i64, name: Option<&str>) -> Result<(), StoreError> {
        let sql = "UPDATE passkeys SET is_pending = 0, pending_key = NULL, name = coalesce(?2, name) WHERE serial = ?1";
        self.connection.prepare_cached(sql)?.execute((serial, name))?;
        Ok(())
    }

    /// Takes a claim back that nobody confirmed.
    pub(crate) fn release(&self, serial: i64) -> Result<(), StoreError> {
        release(&self.connection, serial)
    }

    pub(crate) fn forget(&self, id: Option<&[u8]>, name: Option<&str>) -> Result<u64, StoreError> {
        let sql = "DELETE FROM passkeys WHERE credential_id = ?1 OR name = ?2";
        Ok(self.connection.prepare_cached(sql)?.execute((id, name))? as u64)
    }
}

/// What is known of a passkey.
pub(super) fn find(connection: &Connection, id: &[u8]) -> Result<Option<Passkey>, StoreError> {
    let sql = "SELECT serial, upstream_handle, caller_handle, name, is_pending, pending_key
               FROM passkeys WHERE credential_id = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([id], columns).optional()?)
}

/// Adds a passkey whose id nobody has.
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

    fn book() -> (tempfile::TempDir, HandleStore) {
        let place = tempfile::tempdir().unwrap();
        let book = HandleStore::open(&place.path().join("handles.db")).unwrap();
        (place, book)
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

    fn pending(claim: Claim) -> i64 {
        match claim {
            Claim::Pending(serial) => serial,
            Claim::Known => panic!("it is known"),
        }
    }

    fn confirmed(book: &mut HandleStore, passkey: &NewPasskey) {
        let serial = pending(book.claim(passkey).unwrap());
        book.confirm(serial, None).unwrap();
    }

    #[test]
    fn a_claim_is_pending_until_it_is_confirmed() {
        let (_place, mut book) = book();
        let serial = pending(book.claim(&new(1, b"up", Some(b"down"))).unwrap());
        let found = book.find(&[1]).unwrap().unwrap();
        let expected = Passkey {
            serial,
            upstream_handle: b"up".into(),
            caller_handle: Some(b"down".into()),
            name: None,
            is_pending: true,
            pending_key: Some(vec![0xa0]),
        };
        assert_eq!(found, expected);
        book.confirm(serial, Some("passkey_1")).unwrap();
        let confirmed = Passkey { name: Some("passkey_1".into()), is_pending: false, pending_key: None, ..expected };
        assert_eq!(book.find(&[1]).unwrap().unwrap(), confirmed);
        book.release(serial).unwrap();
        assert_eq!(book.find(&[1]).unwrap().unwrap(), confirmed, "what is confirmed is not taken back");
        assert_eq!(book.claim(&new(1, b"up", None)).unwrap(), Claim::Known);
    }

    #[test]
    fn a_claim_that_was_refused_leaves_nothing() {
        let (_place, mut book) = book();
        let serial = pending(book.claim(&new(1, b"up", None)).unwrap());
        book.release(serial).unwrap();
        assert_eq!(book.find(&[1]).unwrap(), None);
    }

    #[test]
    fn the_refusal_of_one_claim_does_not_take_the_next_one_back() {
        let (_place, mut book) = book();
        let first = pending(book.claim(&new(1, b"up", None)).unwrap());
        let second = pending(book.claim(&new(1, b"up", Some(b"down"))).unwrap());
        book.release(first).unwrap();
        book.confirm(first, None).unwrap();
        let kept = book.find(&[1]).unwrap().unwrap();
        assert_eq!((kept.serial, kept.is_pending), (second, true));
    }

    #[test]
    fn an_id_is_one_users() {
        let (_place, mut book) = book();
        let claimed = pending(book.claim(&new(1, b"ada", None)).unwrap());
        for _ in 0..2 {
            let refused = book.claim(&new(1, b"bob", None)).unwrap_err();
            assert_eq!(refused.fault, Fault::Conflict);
            book.confirm(claimed, None).unwrap();
        }
        assert_eq!(book.find(&[1]).unwrap().unwrap().upstream_handle, b"ada");
    }

    #[test]
    fn a_family_is_what_the_upstream_has_of_one_user_at_one_relying_party() {
        let (_place, mut book) = book();
        confirmed(&mut book, &new(1, b"ada", None));
        confirmed(&mut book, &new(2, b"ada", Some(b"old ada")));
        confirmed(&mut book, &NewPasskey { rp_id: "other.example".into(), ..new(3, b"ada", Some(b"x")) });
        confirmed(&mut book, &NewPasskey { rp_id: String::new(), ..new(4, b"ada", Some(b"y")) });
        confirmed(&mut book, &new(5, b"bob", Some(b"carol")));
        book.claim(&new(6, b"ada", None)).unwrap();
        let family = book.family(b"ada", "localhost").unwrap();
        let ids: Vec<_> = family.passkeys.iter().map(|one| one.credential_id[0]).collect();
        assert_eq!((ids, family.caller_handle.as_deref()), (vec![1, 2, 4], Some(&b"old ada"[..])));
        assert_eq!(family.passkeys[0].transports, ["internal"]);
        assert!(!family.is_anothers);
        let stranger = book.family(b"carol", "localhost").unwrap();
        assert_eq!(stranger, UserPasskeys { is_anothers: true, ..UserPasskeys::default() });
        assert_eq!(book.family(b"ada", "").unwrap().passkeys.len(), 4);
    }

    #[test]
    fn a_passkey_is_forgotten_by_its_id_or_by_its_name() {
        let (_place, mut book) = book();
        let first = pending(book.claim(&new(1, b"ada", None)).unwrap());
        book.confirm(first, Some("one")).unwrap();
        confirmed(&mut book, &new(2, b"ada", None));
        assert_eq!(book.forget(None, None).unwrap(), 0);
        assert_eq!(book.forget(None, Some("one")).unwrap(), 1);
        assert_eq!(book.forget(Some(&[2]), Some("two")).unwrap(), 1);
        assert_eq!(book.family(b"ada", "").unwrap(), UserPasskeys::default());
    }

    #[test]
    fn a_claim_is_on_disk_before_it_is_answered() {
        let (_place, book) = book();
        let level: i64 = book.connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
        assert_eq!(level, 2);
    }
}
