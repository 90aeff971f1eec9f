//! The directory: users, credentials, signing keys and opaque tokens, in one SQLite file.
//!
//! A [`Store`] is one connection and blocks. It is used on the threads of a `BlockingPool` or by the command line,
//! never on a thread of the async runtime.

pub(crate) mod credential;
pub(crate) mod days;
pub(crate) mod observed;
pub(crate) mod user;

use std::path::Path;

use rusqlite::Error::FromSqlConversionFailure;
use rusqlite::types::Type;
use rusqlite::{Connection, Row, Transaction, TransactionBehavior};
use serde::de::DeserializeOwned;

use crate::storage::error::{OpenError, StoreError};
use crate::storage::migrate::Schema;
use crate::storage::sqlite;

const SCHEMA: Schema = Schema {
    // "PBRG"
    application_id: 0x5042_5247,
    migrations: &[
        include_str!("migrations/001_users_credentials_keys_tokens.sql"),
        include_str!("migrations/002_observed_credentials.sql"),
    ],
};

/// One connection to the directory.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
}

impl Store {
    /// Opens the file, creates it when missing, and migrates it to the latest schema.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self { connection: sqlite::open(path, &SCHEMA)? })
    }

    /// The connection, for single statements and reads.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Starts a transaction that takes the write lock at once, so that what it reads does not change before it
    /// commits. It is rolled back when dropped.
    pub(crate) fn write(&mut self) -> Result<Transaction<'_>, StoreError> {
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }
}

/// A column of JSON.
pub(super) fn json_column<T: DeserializeOwned>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(index)?.as_str()?;
    serde_json::from_str(text).map_err(|error| FromSqlConversionFailure(index, Type::Text, Box::new(error)))
}

/// The error of an insert, with the name of a value that is taken.
pub(super) fn insert_error(error: rusqlite::Error) -> StoreError {
    taken(&error).map_or(StoreError::Sqlite(error), StoreError::Taken)
}

fn taken(error: &rusqlite::Error) -> Option<&'static str> {
    let rusqlite::Error::SqliteFailure(code, Some(message)) = error else { return None };
    let unique = [rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE, rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY];
    if !unique.contains(&code.extended_code) {
        return None;
    }
    [
        ("users.id", "the user id"),
        ("users.handle", "the user handle"),
        ("users.email_key", "the e-mail address"),
        ("credentials.id", "the credential id"),
        ("credentials.handle", "the credential's handle"),
    ]
    .into_iter()
    .find_map(|(column, what)| message.ends_with(column).then_some(what))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A store in a temporary folder.
    pub(crate) fn temporary() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("directory.db")).unwrap();
        (folder, store)
    }
}
