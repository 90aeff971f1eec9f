//! The credentials table.
//!
//! The signature counter only rises: [`Credential::used`] changes nothing when another sign-in has raised it further.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::relying_party::directory::{insert_error, json_column};
use crate::storage::error::StoreError;

/// In bytes (WebAuthn 4).
pub(crate) const MAX_CREDENTIAL_ID: usize = 1023;

const COLUMNS: &str = "serial, id, user_id, handle, rp_id, public_key, sign_count, transports, \
                       uv_initialized, backup_eligible, backup_state, aaguid, name, created_at, last_used_at, \
                       user_handle, learned";

/// A passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credential {
    /// Ascending in the order of insertion; 0 until it is stored.
    pub(crate) serial: i64,
    pub(crate) id: Vec<u8>,
    pub(crate) user_id: String,
    /// A name for dialects that have no field for the id.
    pub(crate) handle: String,
    pub(crate) rp_id: String,
    /// A COSE key.
    pub(crate) public_key: Vec<u8>,
    pub(crate) sign_count: u32,
    pub(crate) transports: Vec<String>,
    /// Whether the user was verified when it was registered.
    pub(crate) uv_initialized: bool,
    /// Unknown for an imported credential without it, until the first sign-in.
    pub(crate) backup_eligible: Option<bool>,
    pub(crate) backup_state: bool,
    pub(crate) aaguid: Option<Vec<u8>>,
    pub(crate) name: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) last_used_at: Option<i64>,
    /// The user handle it was created with, if it may differ from the user's. Of a learned one, if known.
    pub(crate) user_handle: Option<Vec<u8>>,
    /// Whether its key was computed from signatures that another upstream accepted.
    pub(crate) learned: bool,
}

/// The authenticator's state at a verified sign-in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AuthenticatorState {
    pub(crate) sign_count: u32,
    pub(crate) backup_eligible: bool,
    pub(crate) backup_state: bool,
}

impl Credential {
    pub(crate) fn by_id(connection: &Connection, id: &[u8]) -> Result<Option<Self>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM credentials WHERE id = ?1");
        Ok(connection.prepare_cached(&sql)?.query_row([id], columns).optional()?)
    }

    /// A dummy credential, read with the same work as a stored one. `key` is a COSE key.
    pub(crate) fn dummy(connection: &Connection, id: &[u8], synced: bool, key: &[u8]) -> Result<Self, StoreError> {
        let sql = "SELECT 0, ?1, '', '', '', ?2, 0, '[\"internal\"]', 1, ?3, 0, NULL, NULL, 0, NULL, NULL, 0";
        Ok(connection.prepare_cached(sql)?.query_row((id, key, synced), columns)?)
    }

    pub(crate) fn by_handle(connection: &Connection, handle: &str) -> Result<Option<Self>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM credentials WHERE handle = ?1");
        Ok(connection.prepare_cached(&sql)?.query_row([handle], columns).optional()?)
    }

    /// A user's credentials for this relying party, in the order of insertion.
    pub(crate) fn of_user(connection: &Connection, user_id: &str, rp_id: &str) -> Result<Vec<Self>, StoreError> {
        let mut credentials = Self::all_of_user(connection, user_id)?;
        credentials.retain(|credential| credential.rp_id == rp_id);
        Ok(credentials)
    }

    /// A user's credentials for any relying party, in the order of insertion.
    pub(crate) fn all_of_user(connection: &Connection, user_id: &str) -> Result<Vec<Self>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM credentials WHERE user_id = ?1 ORDER BY serial");
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map([user_id], columns)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Adds the credential.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when the id or the handle is taken.
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

    /// Records a verified sign-in. `false`: the credential was deleted, or its counter is not below this one, so that
    /// the sign-in must fail (WebAuthn 7.2, step 22). A counter of zero on both sides is an authenticator without one.
    pub(crate) fn used(
        connection: &Connection,
        id: &[u8],
        state: AuthenticatorState,
        at: i64,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE credentials SET sign_count = :sign_count, last_used_at = :at,
                       backup_eligible = :backup_eligible, backup_state = :backup_state
                   WHERE id = :id AND (sign_count < :sign_count OR (sign_count = 0 AND :sign_count = 0))";
        let changed = connection.prepare_cached(sql)?.execute(named_params! {
            ":id": id,
            ":sign_count": state.sign_count,
            ":backup_eligible": state.backup_eligible,
            ":backup_state": state.backup_state,
            ":at": at,
        })?;
        Ok(changed == 1)
    }

    /// Records a sign-in at another upstream that this relying party could verify. The counter rises or stays.
    pub(crate) fn used_elsewhere(
        connection: &Connection,
        id: &[u8],
        state: AuthenticatorState,
        at: i64,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE credentials SET sign_count = max(sign_count, :sign_count), last_used_at = :at,
                       backup_eligible = :backup_eligible, backup_state = :backup_state
                   WHERE id = :id";
        connection.prepare_cached(sql)?.execute(named_params! {
            ":id": id,
            ":sign_count": state.sign_count,
            ":backup_eligible": state.backup_eligible,
            ":backup_state": state.backup_state,
            ":at": at,
        })?;
        Ok(())
    }

    /// Deletes the credential; `false` when it was deleted before.
    pub(crate) fn delete(connection: &Connection, id: &[u8]) -> Result<bool, StoreError> {
        Ok(connection.prepare_cached("DELETE FROM credentials WHERE id = ?1")?.execute([id])? == 1)
    }
}

fn columns(row: &Row<'_>) -> rusqlite::Result<Credential> {
    Ok(Credential {
        serial: row.get(0)?,
        id: row.get(1)?,
        user_id: row.get(2)?,
        handle: row.get(3)?,
        rp_id: row.get(4)?,
        public_key: row.get(5)?,
        sign_count: row.get(6)?,
        transports: json_column(row, 7)?,
        uv_initialized: row.get(8)?,
        backup_eligible: row.get(9)?,
        backup_state: row.get(10)?,
        aaguid: row.get(11)?,
        name: row.get(12)?,
        created_at: row.get(13)?,
        last_used_at: row.get(14)?,
        user_handle: row.get(15)?,
        learned: row.get(16)?,
    })
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

    fn with(sign_count: u32) -> AuthenticatorState {
        AuthenticatorState { sign_count, backup_eligible: true, backup_state: true }
    }

    #[test]
    fn credential_survives_the_round_trip() {
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
    fn credential_belongs_to_one_existing_user() {
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
    fn counter_rises_or_nothing_changes() {
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
    fn authenticator_without_a_counter_signs_in_repeatedly() {
        let (_place, store) = temporary();
        let connection = store.connection();
        ada().insert(connection).unwrap();
        Credential { sign_count: 0, ..key_of_ada() }.insert(connection).unwrap();
        assert!(Credential::used(connection, &[1, 1, 1], with(0), 9).unwrap());
        assert!(Credential::used(connection, &[1, 1, 1], with(0), 10).unwrap());
    }

    #[test]
    fn serial_is_never_reused() {
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
