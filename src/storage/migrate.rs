//! Numbered migrations, one transaction each.
//!
//! `user_version` counts the ones that were applied. A file of another program or of a later version
//! is left exactly as it was.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::relying_party::error::{OpenError, StoreError};

/// What a file of ours holds.
pub(crate) struct Schema {
    /// Says in the file what it is.
    pub(crate) application_id: i64,
    /// The n-th entry leads from version n to n + 1. An entry that was released never changes.
    pub(crate) migrations: &'static [&'static str],
}

/// The directory's: "PBRG".
pub(crate) const DIRECTORY: Schema = Schema {
    application_id: 0x5042_5247,
    migrations: &[
        include_str!("../relying_party/directory/migrations/001_users_credentials_keys_tokens.sql"),
        include_str!("../relying_party/directory/migrations/002_observed_credentials.sql"),
    ],
};

/// Applies what is missing.
pub(crate) fn to_latest(connection: &mut Connection, path: &Path, schema: &Schema) -> Result<(), OpenError> {
    apply(connection, schema.application_id, schema.migrations).map_err(|problem| match problem {
        Problem::Foreign => OpenError::Foreign { path: path.to_owned() },
        Problem::Newer { found, known } => OpenError::Newer { path: path.to_owned(), found, known },
        Problem::Sqlite(error) => OpenError::Database { path: path.to_owned(), source: StoreError::from(error) },
    })
}

#[derive(Debug)]
enum Problem {
    Foreign,
    Newer { found: i64, known: i64 },
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

fn apply(connection: &mut Connection, application_id: i64, migrations: &[&str]) -> Result<(), Problem> {
    for (version, sql) in (0_i64..).zip(migrations) {
        // Two processes may start at once: whoever gets the lock second finds the work done.
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

fn version_of(connection: &Connection, ours: i64, known: usize) -> Result<i64, Problem> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let things: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let empty = application == 0 && found == 0 && things == 0;
    if application != ours && !empty {
        return Err(Problem::Foreign);
    }
    let known = i64::try_from(known).expect("there are fewer migrations than an i64 counts");
    if found > known { Err(Problem::Newer { found, known }) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(connection: &mut Connection, migrations: &[&str]) -> Result<(), Problem> {
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
    fn a_migration_that_fails_leaves_nothing_behind() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection, &["CREATE TABLE a (x)", "CREATE TABLE b (x); CREATE TABLE a (x)"]).unwrap_err();
        assert_eq!(version(&connection), 1);
        connection.execute("INSERT INTO b VALUES (1)", []).unwrap_err();
    }

    #[test]
    fn a_file_of_a_later_version_or_another_program_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection, &["CREATE TABLE a (x)", "CREATE TABLE b (x)"]).unwrap();
        let problem = apply(&mut connection, &["CREATE TABLE a (x)"]).unwrap_err();
        assert!(matches!(problem, Problem::Newer { found: 2, known: 1 }), "{problem:?}");

        let mut other = Connection::open_in_memory().unwrap();
        other.execute("CREATE TABLE notes (x)", []).unwrap();
        assert!(matches!(apply(&mut other, &["CREATE TABLE a (x)"]).unwrap_err(), Problem::Foreign));
        assert_eq!(version(&other), 0);
        assert!(matches!(super::apply(&mut connection, 8, &["CREATE TABLE a (x)"]).unwrap_err(), Problem::Foreign));
    }
}
