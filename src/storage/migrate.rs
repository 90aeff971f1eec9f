//! Numbered migrations, one transaction each.
//!
//! `user_version` counts the applied ones. A file of another program or of a later version is not changed.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::storage::error::{OpenError, StoreError};

/// The schema of a file.
pub(crate) struct Schema {
    /// Identifies the file's contents, in SQLite's header.
    pub(crate) application_id: i64,
    /// Entry n migrates from version n to n + 1. A released entry never changes.
    pub(crate) migrations: &'static [&'static str],
}

/// Applies the missing migrations.
pub(super) fn to_latest(connection: &mut Connection, path: &Path, schema: &Schema) -> Result<(), OpenError> {
    apply(connection, schema.application_id, schema.migrations).map_err(|problem| match problem {
        MigrationError::Foreign => OpenError::Foreign { path: path.to_owned() },
        MigrationError::Newer { found, known } => OpenError::Newer { path: path.to_owned(), found, known },
        MigrationError::Sqlite(error) => OpenError::Database { path: path.to_owned(), source: StoreError::from(error) },
    })
}

#[derive(Debug)]
enum MigrationError {
    Foreign,
    Newer { found: i64, known: i64 },
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for MigrationError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

fn apply(connection: &mut Connection, application_id: i64, migrations: &[&str]) -> Result<(), MigrationError> {
    for (version, sql) in (0_i64..).zip(migrations) {
        // Two processes may start at once: the second to get the lock has nothing left to do.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = version_of(&transaction, application_id, migrations.len())?;
        if found != version {
            continue;
        }
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "application_id", application_id)?;
        transaction.pragma_update(None, "user_version", version + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

fn version_of(connection: &Connection, ours: i64, known: usize) -> Result<i64, MigrationError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let empty = application == 0 && found == 0 && objects == 0;
    if application != ours && !empty {
        return Err(MigrationError::Foreign);
    }
    let known = i64::try_from(known).expect("there are fewer migrations than an i64 counts");
    if found > known { Err(MigrationError::Newer { found, known }) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(connection: &mut Connection, migrations: &[&str]) -> Result<(), MigrationError> {
        super::apply(connection, 7, migrations)
    }

    fn version(connection: &Connection) -> i64 {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    #[test]
    fn migrations_are_applied_once_and_in_order() {
        let mut connection = Connection::open_in_memory().unwrap();
        let first = ["CREATE TABLE a (x)"];
        let both = ["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y"];
        apply(&mut connection, &first).unwrap();
        assert_eq!(version(&connection), 1);
        apply(&mut connection, &both).unwrap();
        apply(&mut connection, &both).unwrap();
        assert_eq!(version(&connection), 2);
        connection.execute("INSERT INTO a (x, y) VALUES (1, 2)", []).unwrap();
    }

    #[test]
    fn failed_migration_is_rolled_back() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection, &["CREATE TABLE a (x)", "CREATE TABLE b (x); CREATE TABLE a (x)"]).unwrap_err();
        assert_eq!(version(&connection), 1);
        connection.execute("INSERT INTO b VALUES (1)", []).unwrap_err();
    }

    #[test]
    fn file_of_a_later_version_or_another_program_is_not_changed() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection, &["CREATE TABLE a (x)", "CREATE TABLE b (x)"]).unwrap();
        let problem = apply(&mut connection, &["CREATE TABLE a (x)"]).unwrap_err();
        assert!(matches!(problem, MigrationError::Newer { found: 2, known: 1 }), "{problem:?}");

        let mut other = Connection::open_in_memory().unwrap();
        other.execute("CREATE TABLE notes (x)", []).unwrap();
        assert!(matches!(apply(&mut other, &["CREATE TABLE a (x)"]).unwrap_err(), MigrationError::Foreign));
        assert_eq!(version(&other), 0);
        assert!(matches!(
            super::apply(&mut connection, 8, &["CREATE TABLE a (x)"]).unwrap_err(),
            MigrationError::Foreign
        ));
    }
}
