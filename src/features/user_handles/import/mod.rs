//! Many passkeys at once, out of a file that somebody else wrote: CSV with a line of column names (RFC 4180), or
//! JSON Lines.
//!
//! All of it is read and held against itself and against what is known before anything is written; one bad line,
//! and nothing is. Problems name lines and columns, never what stands there.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{self, BufRead, Read};

use rusqlite::Connection;
use serde_json::{Map, Value};

use crate::features::user_handles::line::{self, BadLine, COLUMNS, Texts};
use crate::features::user_handles::passkey::NewPasskey;
use crate::features::user_handles::store::{self, HandleStore};
use crate::storage::error::StoreError;

/// A line of JSON is not longer than this, in bytes.
const MAX_LINE: u64 = 64 * 1024;
/// So many passkeys are imported at once; they are held in memory meanwhile.
const MAX_PASSKEYS: usize = 10_000_000;
/// So many bad lines are told each by itself.
const TOLD: usize = 20;
/// After so many lines it is said how far it got.
const STEP: u64 = 100_000;

/// How the lines of a file are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// CSV with a line of column names.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

/// What is wrong with a line, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Passkeys that are in the file now and were not.
    pub added: u64,
    /// Passkeys that were there just like that.
    pub known: u64,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum NotImported {
    /// Lines are wrong: the first ones, and how many in all.
    #[error("{all} lines are wrong")]
    Lines {
        /// The first ones.
        told: Vec<Problem>,
        /// How many there are.
        all: usize,
    },
    /// The input cannot be read any further.
    #[error("the input cannot be read")]
    Input(#[source] io::Error),
    /// The file of handles failed.
    #[error("the file of handles failed")]
    HandleStore(#[from] StoreError),
}

/// The lines of an input, read and held against each other.
#[derive(Default)]
struct Lines {
    passkeys: Vec<(u64, NewPasskey)>,
    /// Where each credential id stands.
    ids: HashMap<Vec<u8>, u64>,
    /// Whose each caller's handle is, and where that is said.
    callers: HashMap<Vec<u8>, (Vec<u8>, u64)>,
    problems: Problems,
}

/// The first lines that are wrong, and how many there are.
#[derive(Default)]
struct Problems {
    told: Vec<Problem>,
    all: usize,
}

/// Adds the passkeys of `input`; `progress` is told from time to time how many lines were read.
///
/// # Errors
/// See [`NotImported`]; nothing was written then.
pub fn import(
    book: &mut HandleStore,
    form: Form,
    input: impl BufRead,
    progress: impl FnMut(u64),
) -> Result<Imported, NotImported> {
    let mut lines = Lines::default();
    match form {
        Form::Csv => lines.csv(input, progress)?,
        Form::JsonLines => lines.json_lines(input, progress)?,
    }
    let Lines { passkeys, problems: wrong, .. } = lines;
    let (mut imported, mut problems) = (Imported::default(), Problems::default());
    let transaction = book.write()?;
    for (line, passkey) in &passkeys {
        match add(&transaction, passkey)? {
            Ok(true) => imported.added += 1,
            Ok(false) => imported.known += 1,
            Err(BadLine { message, remedy }) => problems.add(*line, message, remedy),
        }
    }
    let all = wrong.all + problems.all;
    if all == 0 {
        transaction.commit().map_err(StoreError::from)?;
        return Ok(imported);
    }
    let mut told = wrong.told;
    told.extend(problems.told);
    told.sort_by_key(|problem| problem.line);
    told.truncate(TOLD);
    Err(NotImported::Lines { told, all })
}

impl Problems {
    fn add(&mut self, line: u64, message: String, remedy: &str) {
        self.all += 1;
        if self.told.len() < TOLD {
            self.told.push(Problem { line, message, remedy: remedy.to_owned() });
        }
    }
}

/// Adds a passkey; `false` where it is there already.
fn add(connection: &Connection, new: &NewPasskey) -> Result<Result<bool, BadLine>, StoreError> {
    let bad = |message: &str, remedy| Ok(Err(BadLine { message: message.to_owned(), remedy }));
    if let Some(caller) = &new.caller_handle {
        let sql = "SELECT EXISTS (SELECT 1 FROM passkeys WHERE caller_handle = ?1 AND upstream_handle <> ?2)";
        let handles = (caller, &new.upstream_handle);
        if connection.prepare_cached(sql)?.query_row(handles, |row| row.get(0))? {
            let message = "gives a `caller_handle` that is known as another user's";
            return bad(message, "a user handle is one user's on either side: correct it, or take the line out");
        }
    }
    match store::find(connection, &new.credential_id)? {
        None => store::insert(connection, new, false)?,
        Some(known) if known.upstream_handle != new.upstream_handle => {
            let message = "gives a passkey that is known as another user's";
            return bad(message, "correct its `upstream_handle`, or take the line out");
        }
        // Whoever imports it says that the upstream has it.
        Some(known) if known.is_pending => {
            connection.execute("DELETE FROM passkeys WHERE serial = ?1", [known.serial])?;
            store::insert(connection, new, false)?;
        }
        Some(known) if known.caller_handle == new.caller_handle => return Ok(Ok(false)),
        Some(_) => {
            let message = "gives a passkey that is known with another `caller_handle`";
            return bad(message, "an authenticator keeps one handle for a passkey: correct it, or take the line out");
        }
    }
    Ok(Ok(true))
}

impl Lines {
    fn csv(&mut self, input: impl Read, mut progress: impl FnMut(u64)) -> Result<(), NotImported> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(input);
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => return self.not_csv(1, error),
        };
        let found = line::columns(&header.iter().collect::<Vec<_>>());
        if !found.is_empty() {
            self.problems = Problems { all: found.len(), told: found };
            return Ok(());
        }
        let places = COLUMNS.map(|column| header.iter().position(|name| name == column));
        for (read, record) in (1..).zip(reader.records()) {
            match record {
                Ok(record) => {
                    let line = record.position().map_or(0, csv::Position::line);
                    let text = |place: Option<usize>| record.get(place?).filter(|text| !text.is_empty());
                    self.line(line, places.map(|place| text(place).map(str::to_owned)));
                }
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    self.not_csv(line, error)?;
                }
            }
            if read % STEP == 0 {
                progress(read);
            }
        }
        Ok(())
    }

    fn not_csv(&mut self, line: u64, error: csv::Error) -> Result<(), NotImported> {
        let message = match error.into_kind() {
            csv::ErrorKind::Io(error) => return Err(NotImported::Input(error)),
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("has {len} columns, and the first line has {expected_len}")
            }
            csv::ErrorKind::Utf8 { .. } => "is not in UTF-8".to_owned(),
            _ => "is no CSV".to_owned(),
        };
        self.bad(line, message, "correct the line, or take it out");
        Ok(())
    }

    fn json_lines(&mut self, mut input: impl BufRead, mut progress: impl FnMut(u64)) -> Result<(), NotImported> {
        let mut text = Vec::new();
        for number in 1.. {
            text.clear();
            let read = Read::take(&mut input, MAX_LINE + 1).read_until(b'\n', &mut text).map_err(NotImported::Input)?;
            if read == 0 {
                return Ok(());
            }
            if read as u64 > MAX_LINE {
                self.bad(number, "is too long".to_owned(), "write one passkey a line");
                return Ok(());
            }
            if !text.trim_ascii().is_empty() {
                match serde_json::from_slice::<Map<String, Value>>(&text) {
                    Ok(object) => self.object(number, &object),
                    Err(_) => self.bad(number, "is no JSON object".to_owned(), "write one JSON object a line"),
                }
            }
            if number % STEP == 0 {
                progress(number);
            }
        }
        Ok(())
    }

    fn object(&mut self, number: u64, object: &Map<String, Value>) {
        if let Some(name) = object.keys().find(|name| !COLUMNS.contains(&name.as_str())) {
            let known = format!("the members are: {}", COLUMNS.join(", "));
            return self.bad(number, format!("has an unknown member `{name}`"), &known);
        }
        let mut texts: Texts = Default::default();
        for (text, column) in texts.iter_mut().zip(COLUMNS) {
            match object.get(column) {
                None | Some(Value::Null) => {}
                Some(Value::String(value)) => *text = Some(value.clone()).filter(|value| !value.is_empty()),
                Some(_) => {
                    let message = format!("has a `{column}` that is no text");
                    return self.bad(number, message, "write the bytes in base64url, between quotes");
                }
            }
        }
        self.line(number, texts);
    }

    /// Takes one line, unless it is wrong or says something else than an earlier one.
    fn line(&mut self, number: u64, texts: Texts) {
        if self.passkeys.len() == MAX_PASSKEYS {
            let message = format!("is beyond {MAX_PASSKEYS} passkeys");
            return self.bad(number, message, "import the rest from another file");
        }
        let passkey = match line::passkey(texts) {
            Ok(passkey) => passkey,
            Err(BadLine { message, remedy }) => return self.bad(number, message, remedy),
        };
        match self.ids.entry(passkey.credential_id.clone()) {
            Entry::Vacant(place) => drop(place.insert(number)),
            Entry::Occupied(place) => {
                let message = format!("has the same `credential_id` as line {}", place.get());
                return self.bad(number, message, "a passkey is one user's: take one of the two lines out");
            }
        }
        if let Some(caller) = &passkey.caller_handle {
            let (user, first) =
                self.callers.entry(caller.clone()).or_insert_with(|| (passkey.upstream_handle.clone(), number));
            if *user != passkey.upstream_handle {
                let message = format!("has the `caller_handle` of line {first}, and another `upstream_handle`");
                return self.bad(number, message, "a user handle is one user's on either side: correct one of the two");
            }
        }
        self.passkeys.push((number, passkey));
    }

    fn bad(&mut self, line: u64, message: String, remedy: &str) {
        self.problems.add(line, message, remedy);
    }
}

#[cfg(test)]
mod tests;
