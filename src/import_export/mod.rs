//! Users and their passkeys, in and out of the directory, as JSON Lines.
//!
//! One line is one user, read or written in one transaction, so that whatever stops an import leaves
//! whole users only. A bad line is reported with its number and the others are still taken. Memory
//! holds one line, or one page of users, at a time.

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

/// The longest line that is read, in bytes: some thousand passkeys.
const MAX_LINE: usize = 1 << 20;

/// How many users an export reads at once.
const PAGE: u32 = 256;

/// What became of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Users that are in the directory now.
    pub users: u64,
    /// Passkeys of those users.
    pub credentials: u64,
    /// Lines that were refused.
    pub refused: u64,
}

/// A line that was refused, and nothing of it taken.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct BadLine {
    /// Which, from 1.
    pub line: u64,
    /// Why. Names places, never values.
    pub problem: String,
}

/// Why a transfer stopped before its end.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The input cannot be read any further.
    #[error("cannot read the input after line {line}")]
    Input {
        /// The last line that was read.
        line: u64,
        /// What the system says.
        source: io::Error,
    },
    /// The output takes no more.
    #[error("cannot write the output")]
    Output(#[source] io::Error),
    /// The directory failed.
    #[error("the directory failed")]
    Directory(#[from] StoreError),
}

/// Adds the users of `input`. `rp_id` is that of passkeys whose line does not say otherwise; `refused`
/// is told of every line that is not taken.
///
/// # Errors
/// When the input or the directory fails; the lines before are in the directory, and none in half.
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
            Read::End => return Ok(imported),
            Read::Line => Ok(buffer.trim_ascii()),
            Read::TooLong => Err(BadUser::TooLong),
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

/// Writes every user, in the order of ids, as they are at this moment. Answers how many.
///
/// # Errors
/// When the output or the directory fails.
pub fn export(store: &Store, mut output: impl Write) -> Result<u64, TransferError> {
    // A read transaction: what is written meanwhile is not seen.
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

/// Takes one user, whole or not at all. Answers how many passkeys it has.
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

enum Read {
    Line,
    TooLong,
    End,
}

/// Reads the next line into `buffer`; one that is too long is skipped to its end.
fn read_line(input: &mut impl BufRead, buffer: &mut Vec<u8>) -> io::Result<Read> {
    buffer.clear();
    let limit = u64::try_from(MAX_LINE).expect("the limit is small") + 1;
    let read = io::Read::take(&mut *input, limit).read_until(b'\n', buffer)?;
    if read == 0 {
        return Ok(Read::End);
    }
    if buffer.last() == Some(&b'\n') || buffer.len() <= MAX_LINE {
        return Ok(Read::Line);
    }
    input.skip_until(b'\n')?;
    Ok(Read::TooLong)
}

#[cfg(test)]
mod tests;
