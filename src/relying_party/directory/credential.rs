//! A credential as the directory keeps it.
//!
//! The signature counter only ever rises: [`Credential::used`] changes nothing where another sign-in
//! got further in the meantime, and says so.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::relying_party::directory::insert_error;
use crate::storage::error::StoreError;

/// The longest credential id (WebAuthn 4), in bytes.
pub(crate) const MAX_CREDENTIAL_ID: usize = 1023;

const COLUMNS: &str = "serial, id, user_id, handle, rp_id, public_key, sign_count, transports, \
                       uv_initialized, backup_eligible, backup_state, aaguid, name, created_at, last_used_at, \
                       user_handle, learned";

/// A passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credential {
    /// In the order of arrival; 0 until it is stored.
    pub(crate) serial: i64,
    pub(crate) id: Vec<u8>,
    pub(crate) user_id: String,
    /// A text that names it, for dialects that have no room for an id of bytes.
    pub(crate) handle: String,
    pub(crate) rp_id: String,
    /// A COSE key.
    pub(crate) public_key: Vec<u8>,
    pub(crate) sign_count: u32,
    pub(crate) transports: Vec<String>,
    /// Whether the user was verified when it was registered.
    pub(crate) uv_initialized: bool,
    /// Unknown until the first sign-in where the place it was imported from did not keep it.
    pub(crate) backup_eligible: Option<bool>,
    pub(crate) backup_state: bool,
    pub(crate) aaguid: Option<Vec<u8>>,
    pub(crate) name: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) last_used_at: Option<i64>,
    /// The handle it was made with, where that may not be the user's; of a learned one, where it is known.
    pub(crate) user_handle: Option<Vec<u8>>,
    /// Whether its key was computed from signatures that another upstream had accepted.
    pub(crate) learned: bool,
}

/// What the authenticator said of itself at a verified sign-in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Use {
    pub(crate) sign_count: u32,
    pub(crate) backup_eligible: bool,
    pub(crate) backup_state: bool,
}

impl Credential {
    pub(crate) fn by_id(connection: &Connection, id: &[u8]) -> Result<Option<Self>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM credentials WHERE id = ?1");
        let row = connection.prepare_cached(&sql)?.query_row([id], columns).optional()?;
        row.map(complete).transpose()
    }

    /// A passkey that is kept nowhere, read as one that is: `key` is a COSE key.
    pub(crate) fn of_nobody(connection: &Connection, id: &[u8], synced: bool, key: &[u8]) -> Result<Self, StoreError> {
        // In the order of the columns.
        let sql = "SELECT 0, ?1, '', '', '', ?2, 0, '[\"internal\"]', 1, ?3, 0, NULL, NULL, 0, NULL, NULL, 0";
        complete(connection.prepare_cached(sql)?.query_row((id, key, synced), columns)?)
    }

    pub(crate) fn by_handle(connection: &Connection, handle: &str) -> Result<Option<Self>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM credentials WHERE handle = ?1");
        let row = connection.prepare_cached(&sql)?.query_row([handle], columns).optional()?;
        row.map(complete).transpose()
    }

    /// A user's credentials that were made for this relying party, in the order of arrival.
    pub(crate) fn of_user(connection: &Connection, user_id: &str, rp_id: &str) -> Result<Vec<Self>, StoreError> {
        let mut credentials = Self::all_of_user(connection, user_id)?;
        credentials.retain(|credential| credential.rp_id == rp_id);
        Ok(credentials)
    }

    /// A user's credentials, also those made for another relying party, in the order of arrival.
    pub(crate) fn all_of_user(connection: &Connection, user_id: &str) -> Result<Vec<Self>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM credentials WHERE user_id = ?1 ORDER BY serial");
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map([user_id], columns)?;
        rows.map(|row| complete(row?)).collect()
    }

    /// Adds the credential.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when the id or the handle is another credential's.
    pub(crate) fn insert(&self, connection: &Connection) -> Result<(), StoreError> {
        let transports = serde_json::to_string(&self.transports).map_err(|_| StoreError::Unreadable("transport"))?;
        let sql = "INSERT INTO credentials (id, user_id, handle, rp_id, public_key, sign_count, transports,
                       uv_initialized, backup_eligible, backup_state, aaguid, name, created_at, last_used_at,
                       user_handle, learned)
                   VALUES (:id, :user_id, :handle, :rp_id, :public_key, :sign_count, :transports,
                       :uv_initialized, :backup_eligible, :backup_state, :aaguid, :name, :created_at, :last_used_at,
                       :user_handle, :learned)";
        let inserted = connection.prepare_cached(sql)?.execute(named_params! {
            ":id": self.id,
            ":user_id": self.user_id,
            ":handle": self.handle,
            ":rp_id": self.rp_id,
            ":public_key": self.public_key,
            ":sign_count": self.sign_count,
            ":transports": transports,
            ":uv_initialized": self.uv_initialized,
            ":backup_eligible": self.backup_eligible,
            ":backup_state": self.backup_state,
            ":aaguid": self.aaguid,
            ":name": self.name,
            ":created_at": self.created_at,
            ":last_used_at": self.last_used_at,
            ":user_handle": self.user_handle,
            ":learned": self.learned,
        });
        inserted.map(drop).map_err(insert_error)
    }

    /// Notes a verified sign-in. `false`: the credential is gone, or its counter is already there or
    /// beyond, so that this sign-in must not count (WebAuthn 7.2, step 22). A counter of zero on both
    /// sides is an authenticator without one.
    pub(crate) fn used(connection: &Connection, id: &[u8], how: Use, at: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE credentials SET sign_count = :sign_count, last_used_at = :at,
                       backup_eligible = :backup_eligible, backup_state = :backup_state
                   WHERE id = :id AND (sign_count < :sign_count OR (sign_count = 0 AND :sign_count = 0))";
        let changed = connection.prepare_cached(sql)?.execute(named_params! {
            ":id": id,
            ":sign_count": how.sign_count,
            ":backup_eligible": how.backup_eligible,
            ":backup_state": how.backup_state,
            ":at": at,
        })?;
        Ok(changed == 1)
    }

    /// Notes a sign-in elsewhere that this relying party would have verified, too. The counter rises or stays.
    pub(crate) fn used_elsewhere(connection: &Connection, id: &[u8], how: Use, at: i64) -> Result<(), StoreError> {
        let sql = "UPDATE credentials SET sign_count = max(sign_count, :sign_count), last_used_at = :at,
                       backup_eligible = :backup_eligible, backup_state = :backup_state
                   WHERE id = :id";
        connection.prepare_cached(sql)?.execute(named_params! {
            ":id": id,
            ":sign_count": how.sign_count,
            ":backup_eligible": how.backup_eligible,
            ":backup_state": how.backup_state,
            ":at": at,
        })?;
        Ok(())
    }

    /// Forgets the credential; `false` when somebody else did before.
    pub(crate) fn delete(connection: &Connection, id: &[u8]) -> Result<bool, StoreError> {
        Ok(connection.prepare_cached("DELETE FROM credentials WHERE id = ?1")?.execute([id])? == 1)
    }
}

/// The columns as they are, with the transports still as text.
fn columns(row: &Row<'_>) -> rusqlite::Result<(Credential, String)> {
    let credential = Credential {
        serial: row.get(0)?,
        id: row.get(1)?,
        user_id: row.get(2)?,
        handle: row.get(3)?,
        rp_id: row.get(4)?,
        public_key: row.get(5)?,
        sign_count: row.get(6)?,
        transports: Vec::new(),
        uv_initialized: row.get(8)?,
        backup_eligible: row.get(9)?,
        backup_state: row.get(10)?,
        aaguid: row.get(11)?,
        name: row.get(12)?,
        created_at: row.get(13)?,
        last_used_at: row.get(14)?,
        user_handle: row.get(15)?,
        learned: row.get(16)?,
    };
    Ok((credential, row.get(7)?))
}

fn complete((credential, transports): (Credential, String)) -> Result<Credential, StoreError> {
    let transports = serde_json::from_str(&transports).map_err(|_| StoreError::Unreadable("transport"))?;
    Ok(Credential { transports, ..credential })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::relying_party::directory::tests::temporary;
    use crate::relying_party::directory::user::tests::ada;

    pub(crate) fn key_of_ada() -> Credential {
        Credential {
            serial: 0,
            id: vec![1, 1, 1],
            user_id: "user_ada".into(),
            handle: "credential_ada".into(),
            rp_id: "localhost".into(),
            public_key: vec![0xa0],
            sign_count: 5,
            transports: vec!["internal".into(), "hybrid".into()],
            uv_initialized: true,
            backup_eligible: None,
            backup_state: false,
            aaguid: Some(vec![7; 16]),
            name: Some("Phone".into()),
            created_at: 8,
            last_used_at: None,
            user_handle: Some(vec![9; 64]),
            learned: true,
        }
    }

    fn with(sign_count: u32) -> Use {
        Use { sign_count, backup_eligible: true, backup_state: true }
    }

    #[test]
    fn a_credential_comes_back_as_it_went() {
        let (_place, store) = temporary();
        let connection = store.connection();
        ada().insert(connection).unwrap();
        key_of_ada().insert(connection).unwrap();
        let expected = Credential { serial: 1, ..key_of_ada() };
        assert_eq!(Credential::by_id(connection, &[1, 1, 1]).unwrap().unwrap(), expected);
        assert_eq!(Credential::by_handle(connection, "credential_ada").unwrap().unwrap(), expected);
        assert_eq!(Credential::of_user(connection, "user_ada", "localhost").unwrap(), std::slice::from_ref(&expected));
        assert_eq!(Credential::of_user(connection, "user_ada", "example.com").unwrap(), []);
        assert_eq!(Credential::all_of_user(connection, "user_ada").unwrap(), [expected]);
    }

    #[test]
    fn a_credential_belongs_to_one_user_who_exists() {
        let (_place, store) = temporary();
        let connection = store.connection();
        assert!(matches!(key_of_ada().insert(connection), Err(StoreError::Sqlite(_))));
        ada().insert(connection).unwrap();
        key_of_ada().insert(connection).unwrap();
        let again = Credential { handle: "other".into(), ..key_of_ada() }.insert(connection);
        assert!(matches!(again, Err(StoreError::Taken("the credential id"))));
        let again = Credential { id: vec![2], ..key_of_ada() }.insert(connection);
        assert!(matches!(again, Err(StoreError::Taken("the credential's handle"))));
    }

    #[test]
    fn the_counter_rises_or_nothing_changes() {
        let (_place, store) = temporary();
        let connection = store.connection();
        ada().insert(connection).unwrap();
        key_of_ada().insert(connection).unwrap();
        let used = |count| Credential::used(connection, &[1, 1, 1], with(count), 9).unwrap();
        let stored = || Credential::by_id(connection, &[1, 1, 1]).unwrap().unwrap();
        for stale in [0, 4, 5] {
            assert!(!used(stale), "{stale}");
            assert_eq!(stored(), Credential { serial: 1, ..key_of_ada() });
        }
        assert!(used(6));
        assert_eq!((stored().sign_count, stored().last_used_at), (6, Some(9)));
        assert_eq!((stored().backup_eligible, stored().backup_state), (Some(true), true));
        assert!(!Credential::used(connection, &[9], with(7), 9).unwrap());
    }

    #[test]
    fn an_authenticator_without_a_counter_signs_in_again_and_again() {
        let (_place, store) = temporary();
        let connection = store.connection();
        ada().insert(connection).unwrap();
        Credential { sign_count: 0, ..key_of_ada() }.insert(connection).unwrap();
        assert!(Credential::used(connection, &[1, 1, 1], with(0), 9).unwrap());
        assert!(Credential::used(connection, &[1, 1, 1], with(0), 10).unwrap());
    }

    #[test]
    fn a_serial_is_never_used_twice() {
        let (_place, store) = temporary();
        let connection = store.connection();
        ada().insert(connection).unwrap();
        key_of_ada().insert(connection).unwrap();
        assert!(Credential::delete(connection, &[1, 1, 1]).unwrap());
        assert!(!Credential::delete(connection, &[1, 1, 1]).unwrap());
        key_of_ada().insert(connection).unwrap();
        assert_eq!(Credential::by_id(connection, &[1, 1, 1]).unwrap().unwrap().serial, 2);
    }
}
