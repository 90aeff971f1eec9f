//! The directory: users, their credentials, signing keys and opaque tokens, in one SQLite file.
//!
//! A [`Store`] is one connection and blocks; it is used on the workers' threads or by the command
//! line, never on a runtime's thread. The file is safe to copy with SQLite's own tools, and only its
//! owner may read it, since the signing keys are in it.

pub(crate) mod credential;
pub(crate) mod days;
pub(crate) mod observed;
pub(crate) mod user;

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::relying_party::error::{OpenError, StoreError};
use crate::storage::migrate::{self, Schema};

/// How long a connection waits for another one's write, in the gateway or beside it.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// One connection to the directory.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
}

impl Store {
    /// Opens the file, makes it when missing, and brings it to the schema of this version.
    ///
    /// # Errors
    /// When the file cannot be opened, is another program's, or is of a later version.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self { connection: connect(path, &migrate::DIRECTORY)? })
    }

    /// The connection, for single statements and reads.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Starts a transaction that may write. It takes the write lock at once, so that what is read
    /// in it is still so when it commits; dropped without a commit, it never happened.
    pub(crate) fn write(&mut self) -> Result<Transaction<'_>, StoreError> {
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }
}

/// Opens a file of ours, makes it when missing, and brings it to its schema. The connection blocks.
///
/// # Errors
/// When the file cannot be opened, is another program's, or is of a later version.
pub(crate) fn connect(path: &Path, schema: &Schema) -> Result<Connection, OpenError> {
    create_for_owner(path).map_err(|source| OpenError::File { path: path.to_owned(), source })?;
    let failed = |source: StoreError| OpenError::Database { path: path.to_owned(), source };
    let mut connection = Connection::open(path).map_err(|error| failed(error.into()))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| failed(error.into()))?;
    // First of all, since it is here that another program's file is recognised and left alone.
    migrate::to_latest(&mut connection, path, schema)?;
    prepare(&connection).map_err(|error| failed(error.into()))?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    // Text in the schema's own CHECKs and indexes is ours; a file from elsewhere may not call functions.
    connection.pragma_update(None, "trusted_schema", "OFF")
}

/// SQLite gives its side files the permissions of the main one, so setting them once is enough.
fn create_for_owner(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A store in a directory that goes away with it.
    pub(crate) fn temporary() -> (tempfile::TempDir, Store) {
        let place = tempfile::tempdir().unwrap();
        let store = Store::open(&place.path().join("directory.db")).unwrap();
        (place, store)
    }

    #[test]
    fn a_connection_is_set_up_for_several_writers_and_crashes() {
        let (_place, store) = temporary();
        let pragma = |name: &str| -> String {
            store
                .connection
                .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
                .map(|value| match value {
                    rusqlite::types::Value::Text(text) => text,
                    rusqlite::types::Value::Integer(number) => number.to_string(),
                    other => format!("{other:?}"),
                })
                .unwrap()
        };
        assert_eq!(pragma("journal_mode"), "wal");
        assert_eq!(pragma("synchronous"), "1");
        assert_eq!(pragma("foreign_keys"), "1");
        assert_eq!(pragma("busy_timeout"), "5000");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_the_file() {
        use std::os::unix::fs::PermissionsExt;

        let (place, store) = temporary();
        user::tests::ada().insert(store.connection()).unwrap();
        for name in ["directory.db", "directory.db-wal"] {
            let mode = std::fs::metadata(place.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn a_missing_directory_is_an_error_that_names_the_file() {
        let place = tempfile::tempdir().unwrap();
        let error = Store::open(&place.path().join("none").join("directory.db")).unwrap_err();
        assert!(matches!(error, OpenError::File { .. }));
        assert!(error.to_string().contains("directory.db"));
    }
}
