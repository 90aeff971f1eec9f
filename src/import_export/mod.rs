//! Imports and exports the directory's users and passkeys as JSON Lines, and converts other systems' formats.
//!
//! One line is one user, imported in one transaction, so that an interrupted import leaves only whole users. A bad line
//! is reported with its number, and the others are imported. Memory holds one line, or one page of users, at a time.
//! Nothing on the request path imports this module. Start at [`import`], [`export`] and [`convert::convert`].

pub mod convert;
pub mod formats;
pub(crate) mod line;

use std::io::{self, BufRead, Write};

use crate::import_export::line::{BadUser, UserLine};
use crate::relying_party::clock::now;
use crate::relying_party::directory::Store;
use crate::relying_party::directory::credential::Credential;
use crate::relying_party::directory::user::User;
use crate::storage::error::StoreError;

/// In bytes: some thousand passkeys.
const MAX_LINE: usize = 1 << 20;

/// How many users an export reads at once.
const PAGE: u32 = 256;

/// The result of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Imported users.
    pub users: u64,
    /// Their passkeys.
    pub credentials: u64,
    /// Refused lines.
    pub refused: u64,
}

/// A refused line. Nothing of it is imported.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct BadLine {
    /// The line number, from 1.
    pub line: u64,
    /// Why. Names members, never values.
    pub problem: String,
}

/// Why an import or export stopped.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The input cannot be read.
    #[error("cannot read the input after line {line}")]
    Input {
        /// The last line read.
        line: u64,
        /// The system's error.
        source: io::Error,
    },
    /// The output cannot be written.
    #[error("cannot write the output")]
    Output(#[source] io::Error),
    /// The directory failed.
    #[error("the directory failed")]
    Directory(#[from] StoreError),
}

/// Adds the users of `input`. `rp_id` applies to passkeys without one. `refused` receives every refused line.
///
/// # Errors
/// When the input or the directory fails. The lines before are imported.
pub fn import(
    store: &mut Store,
    rp_id: &str,
    mut input: impl BufRead,
    mut refused: impl FnMut(BadLine),
) -> Result<Imported, TransferError> {
    let mut imported = Imported::default();
    let mut buffer = Vec::new();
    let mut line = 0;
    loop {
        let read = read_line(&mut input, &mut buffer).map_err(|source| TransferError::Input { line, source })?;
        let text = match read {
            NextLine::End => return Ok(imported),
            NextLine::Complete => Ok(buffer.trim_ascii()),
            NextLine::TooLong => Err(BadUser::TooLong),
        };
        line += 1;
        if text.as_ref().is_ok_and(|text| text.is_empty()) {
            continue;
        }
        match text.and_then(|text| import_line(store, rp_id, text)) {
            Ok(credentials) => {
                imported.users += 1;
                imported.credentials += credentials;
            }
            Err(BadUser::Directory(error)) => return Err(error.into()),
            Err(problem) => {
                imported.refused += 1;
                refused(BadLine { line, problem: problem.to_string() });
            }
        }
    }
}

/// Writes a snapshot of all users, in the order of ids. Returns how many.
///
/// # Errors
/// When the output or the directory fails.
pub fn export(store: &Store, mut output: impl Write) -> Result<u64, TransferError> {
    // A read transaction is a snapshot.
    let snapshot = store.connection().unchecked_transaction().map_err(StoreError::from)?;
    let mut count = 0;
    let mut last = String::new();
    loop {
        let users = User::page(&snapshot, &last, PAGE)?;
        let Some(end) = users.last() else { break };
        last.clone_from(&end.id);
        for user in users {
            let credentials = Credential::all_of_user(&snapshot, &user.id)?;
            let line = UserLine::from_rows(user, credentials).text()?;
            output.write_all(line.as_bytes()).map_err(TransferError::Output)?;
            count += 1;
        }
    }
    output.flush().map_err(TransferError::Output)?;
    Ok(count)
}

/// Imports one user in one transaction. Returns the number of passkeys.
fn import_line(store: &mut Store, rp_id: &str, text: &[u8]) -> Result<u64, BadUser> {
    let (user, credentials) = UserLine::parse(text)?.into_rows(rp_id, now())?;
    let transaction = store.write()?;
    user.insert(&transaction)?;
    for credential in &credentials {
        credential.insert(&transaction)?;
    }
    transaction.commit().map_err(StoreError::from)?;
    Ok(credentials.len() as u64)
}

enum NextLine {
    Complete,
    TooLong,
    End,
}

/// Reads the next line into `buffer`. One that is too long is skipped.
fn read_line(input: &mut impl BufRead, buffer: &mut Vec<u8>) -> io::Result<NextLine> {
    buffer.clear();
    let limit = u64::try_from(MAX_LINE).expect("the limit is small") + 1;
    let read = io::Read::take(&mut *input, limit).read_until(b'\n', buffer)?;
    if read == 0 {
        return Ok(NextLine::End);
    }
    if buffer.last() == Some(&b'\n') || buffer.len() <= MAX_LINE {
        return Ok(NextLine::Complete);
    }
    input.skip_until(b'\n')?;
    Ok(NextLine::TooLong)
}

#[cfg(test)]
mod tests;
