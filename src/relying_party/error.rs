//! What can go wrong below an operation, sorted by who must act.
//!
//! Operations refuse with a [`Refusal`]; this file says which fault the directory's own failures are.
//! SQLite's messages name tables and columns, never values.

use std::path::PathBuf;

use rusqlite::ErrorCode;

use crate::model::fault::{Fault, Refusal};
use crate::relying_party::settings::InvalidSetting;

/// Why the relying party cannot start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The config must change.
    #[error(transparent)]
    Setting(#[from] InvalidSetting),
    /// The file cannot be made or opened: its directory, its permissions, or a disk.
    #[error("cannot open the database {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is a database, but not one of this program.
    #[error("{} belongs to another program", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a later version of this program.
    #[error("{} was written by a later version (schema {found}, known {known})", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The schema the file has.
        found: i64,
        /// The last schema this version knows.
        known: i64,
    },
    /// The database answered with an error.
    #[error("the database {} cannot be used", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What it answered.
        source: StoreError,
    },
    /// The system gives no more threads.
    #[error("cannot start the directory's threads")]
    Threads(#[source] std::io::Error),
}

/// Why the directory did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something else has that value already: which value.
    #[error("{0} is taken")]
    Taken(&'static str),
    /// A stored value cannot be read back: which.
    #[error("a stored {0} cannot be read")]
    Unreadable(&'static str),
    /// No randomness, or no memory for a key.
    #[error("the cryptographic library failed")]
    Cryptography,
    /// SQLite failed.
    #[error("SQLite failed")]
    Sqlite(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match taken(&error) {
            Some(what) => Self::Taken(what),
            None => Self::Sqlite(error),
        }
    }
}

impl From<aws_lc_rs::error::Unspecified> for StoreError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Cryptography
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(what) => Self::new(Fault::Conflict, format!("{what} is taken")),
            StoreError::Sqlite(ref source) if is_busy(source) => {
                Self::new(Fault::Overloaded, "the directory stayed locked").retry_after(Some(1))
            }
            StoreError::Sqlite(source) => Self::new(Fault::Internal, format!("SQLite failed: {source}")),
            StoreError::Unreadable(_) | StoreError::Cryptography => Self::new(Fault::Internal, error.to_string()),
        }
    }
}

/// Which value a broken uniqueness rule is about; `None` for every other error.
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

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
