//! Errors of database files.
//!
//! SQLite's messages name tables and columns, never values.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

use crate::model::fault::{Fault, Refusal};

/// Why a database file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be created or opened.
    #[error("cannot open the database {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file belongs to another program.
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
        /// The schema version of the file.
        found: i64,
        /// The latest schema version that this program knows.
        known: i64,
    },
    /// A statement failed.
    #[error("the database {} cannot be used", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// The failure.
        source: StoreError,
    },
    /// The system cannot start a thread.
    #[error("cannot start the database threads")]
    Threads(#[source] io::Error),
}

/// Why an operation on a database failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A value that must be unique is taken. Names the value's kind.
    #[error("{0} is taken")]
    Taken(&'static str),
    /// A stored value cannot be read. Names the value's kind.
    #[error("a stored {0} cannot be read")]
    Unreadable(&'static str),
    /// The cryptographic library failed.
    #[error("the cryptographic library failed")]
    Cryptography,
    /// SQLite failed.
    #[error("SQLite failed")]
    Sqlite(#[from] rusqlite::Error),
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
                Self::new(Fault::Overloaded, "the database stayed locked").retry_after(Some(1))
            }
            StoreError::Sqlite(source) => Self::new(Fault::Internal, format!("SQLite failed: {source}")),
            StoreError::Unreadable(_) | StoreError::Cryptography => Self::new(Fault::Internal, error.to_string()),
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
