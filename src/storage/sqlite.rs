//! Opens SQLite files.
//!
//! Only the owner may read a file, since the directory's holds signing keys. It is safe to copy with SQLite's tools.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::storage::error::{OpenError, StoreError};
use crate::storage::migrate::{self, Schema};

/// How long a statement waits for another connection's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens a file, creates it when missing, and migrates it to the latest version of `schema`. The connection blocks.
///
/// # Errors
/// When the file cannot be opened, belongs to another program, or was written by a later version.
pub(crate) fn open(path: &Path, schema: &Schema) -> Result<Connection, OpenError> {
    create_for_owner(path).map_err(|source| OpenError::File { path: path.to_owned(), source })?;
    let failed =
        |error: rusqlite::Error| OpenError::Database { path: path.to_owned(), source: StoreError::from(error) };
    let mut connection = Connection::open(path).map_err(failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    // Migrate first: this recognises another program's file before anything is changed.
    migrate::to_latest(&mut connection, path, schema)?;
    configure(&connection).map_err(failed)?;
    Ok(connection)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    // A file from elsewhere must not call functions from its schema.
    connection.pragma_update(None, "trusted_schema", "OFF")
}

/// SQLite gives its side files the permissions of the main file.
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

    const SCHEMA: Schema = Schema { application_id: 7, migrations: &["CREATE TABLE a (x)"] };

    /// A connection to a file with one table, `a`, in a temporary folder.
    pub(crate) fn temporary() -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let connection = open(&folder.path().join("a.db"), &SCHEMA).unwrap();
        (folder, connection)
    }

    #[test]
    fn connection_is_configured_for_several_writers_and_crashes() {
        let (_folder, connection) = temporary();
        let pragma = |name: &str| {
            let value = connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0));
            match value.unwrap() {
                rusqlite::types::Value::Text(text) => text,
                rusqlite::types::Value::Integer(number) => number.to_string(),
                other => format!("{other:?}"),
            }
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

        let (folder, connection) = temporary();
        connection.execute("INSERT INTO a VALUES (1)", []).unwrap();
        for name in ["a.db", "a.db-wal"] {
            let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn missing_folder_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let error = open(&folder.path().join("none").join("a.db"), &SCHEMA).unwrap_err();
        assert!(matches!(error, OpenError::File { .. }));
        assert!(error.to_string().contains("a.db"));
    }
}
