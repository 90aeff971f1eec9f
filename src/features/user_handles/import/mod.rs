//! Imports passkeys from CSV with a header line (RFC 4180), or from JSON Lines.
//!
//! The whole input is checked before anything is written; one bad line, and nothing is imported. Problems name lines
//! and columns, never values.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{self, BufRead, Read};

use rusqlite::Connection;
use serde_json::{Map, Value};

pub use crate::features::user_handles::line::LineProblem;
use crate::features::user_handles::line::{self, COLUMNS, LineError, Texts};
use crate::features::user_handles::passkey::NewPasskey;
use crate::features::user_handles::store::{self, HandleStore};
use crate::storage::error::StoreError;

/// Of JSON, in bytes.
const MAX_LINE: u64 = 64 * 1024;
/// They are held in memory.
const MAX_PASSKEYS: usize = 10_000_000;
/// How many bad lines are reported one by one.
const MAX_REPORTED: usize = 20;
/// Progress is reported after this many lines.
const PROGRESS_STEP: u64 = 100_000;

/// The format of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputFormat {
    /// CSV with a line of column names.
    Csv,
    /// One JSON object per line.
    JsonLines,
}

/// The result of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportSummary {
    /// New passkeys.
    pub added: u64,
    /// Passkeys that were present with the same values.
    pub known: u64,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Lines are invalid.
    #[error("{all} lines are invalid")]
    Lines {
        /// The first ones.
        reported: Vec<LineProblem>,
        /// How many there are.
        all: usize,
    },
    /// The input cannot be read.
    #[error("the input cannot be read")]
    Input(#[source] io::Error),
    /// The file of user handles failed.
    #[error("the file of user handles failed")]
    HandleStore(#[from] StoreError),
}

/// The lines of an input.
#[derive(Default)]
struct ParsedLines {
    passkeys: Vec<(u64, NewPasskey)>,
    /// The line of each credential id.
    ids: HashMap<Vec<u8>, u64>,
    /// The upstream handle and first line of each caller handle.
    callers: HashMap<Vec<u8>, (Vec<u8>, u64)>,
    problems: Problems,
}

/// The first problems, and how many there are.
#[derive(Default)]
struct Problems {
    reported: Vec<LineProblem>,
    all: usize,
}

/// Adds the passkeys of `input`. `progress` receives the number of lines read from time to time.
///
/// # Errors
/// See [`ImportError`]. Nothing is written then.
pub fn import(
    store: &mut HandleStore,
    format: InputFormat,
    input: impl BufRead,
    progress: impl FnMut(u64),
) -> Result<ImportSummary, ImportError> {
    let mut lines = ParsedLines::default();
    match format {
        InputFormat::Csv => lines.csv(input, progress)?,
        InputFormat::JsonLines => lines.json_lines(input, progress)?,
    }
    let ParsedLines { passkeys, problems: wrong, .. } = lines;
    let (mut imported, mut problems) = (ImportSummary::default(), Problems::default());
    let transaction = store.write()?;
    for (line, passkey) in &passkeys {
        match add_passkey(&transaction, passkey)? {
            Ok(true) => imported.added += 1,
            Ok(false) => imported.known += 1,
            Err(LineError { message, remedy }) => problems.add(*line, message, remedy),
        }
    }
    let all = wrong.all + problems.all;
    if all == 0 {
        transaction.commit().map_err(StoreError::from)?;
        return Ok(imported);
    }
    let mut reported = wrong.reported;
    reported.extend(problems.reported);
    reported.sort_by_key(|problem| problem.line);
    reported.truncate(MAX_REPORTED);
    Err(ImportError::Lines { reported, all })
}

impl Problems {
    fn add(&mut self, line: u64, message: String, remedy: &str) {
        self.all += 1;
        if self.reported.len() < MAX_REPORTED {
            self.reported.push(LineProblem { line, message, remedy: remedy.to_owned() });
        }
    }
}

/// Adds a passkey; `false` if it is present already.
fn add_passkey(connection: &Connection, new: &NewPasskey) -> Result<Result<bool, LineError>, StoreError> {
    let bad = |message: &str, remedy| Ok(Err(LineError { message: message.to_owned(), remedy }));
    if let Some(caller) = &new.caller_handle {
        let sql = "SELECT EXISTS (SELECT 1 FROM passkeys WHERE caller_handle = ?1 AND upstream_handle <> ?2)";
        let handles = (caller, &new.upstream_handle);
        if connection.prepare_cached(sql)?.query_row(handles, |row| row.get(0))? {
            let message = "has a `caller_handle` that another user has";
            return bad(message, "a user handle belongs to one user on each side: correct it, or remove the line");
        }
    }
    match store::find(connection, &new.credential_id)? {
        None => store::insert(connection, new, false)?,
        Some(known) if known.upstream_handle != new.upstream_handle => {
            let message = "has a passkey that another user has";
            return bad(message, "correct its `upstream_handle`, or remove the line");
        }
        // The import confirms that the upstream has it.
        Some(known) if known.is_pending => {
            connection.execute("DELETE FROM passkeys WHERE serial = ?1", [known.serial])?;
            store::insert(connection, new, false)?;
        }
        Some(known) if known.caller_handle == new.caller_handle => return Ok(Ok(false)),
        Some(_) => {
            let message = "has a passkey that is known with another `caller_handle`";
            return bad(message, "a passkey has one user handle: correct it, or remove the line");
        }
    }
    Ok(Ok(true))
}

impl ParsedLines {
    fn csv(&mut self, input: impl Read, mut progress: impl FnMut(u64)) -> Result<(), ImportError> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(input);
        let header = match reader.headers() {
            Ok(header) => header.clone(),
            Err(error) => return self.not_csv(1, error),
        };
        let found = line::columns(&header.iter().collect::<Vec<_>>());
        if !found.is_empty() {
            self.problems = Problems { all: found.len(), reported: found };
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
            if read % PROGRESS_STEP == 0 {
                progress(read);
            }
        }
        Ok(())
    }

    fn not_csv(&mut self, line: u64, error: csv::Error) -> Result<(), ImportError> {
        let message = match error.into_kind() {
            csv::ErrorKind::Io(error) => return Err(ImportError::Input(error)),
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("has the wrong number of columns: {len}, but the header line has {expected_len}")
            }
            csv::ErrorKind::Utf8 { .. } => "is not in UTF-8".to_owned(),
            _ => "is not CSV".to_owned(),
        };
        self.bad(line, message, "correct the line, or remove it");
        Ok(())
    }

    fn json_lines(&mut self, mut input: impl BufRead, mut progress: impl FnMut(u64)) -> Result<(), ImportError> {
        let mut text = Vec::new();
        for number in 1.. {
            text.clear();
            let read = Read::take(&mut input, MAX_LINE + 1).read_until(b'\n', &mut text).map_err(ImportError::Input)?;
            if read == 0 {
                return Ok(());
            }
            if read as u64 > MAX_LINE {
                self.bad(number, "is too long".to_owned(), "write one passkey per line");
                return Ok(());
            }
            if !text.trim_ascii().is_empty() {
                match serde_json::from_slice::<Map<String, Value>>(&text) {
                    Ok(object) => self.object(number, &object),
                    Err(_) => self.bad(number, "is not a JSON object".to_owned(), "write one JSON object per line"),
                }
            }
            if number % PROGRESS_STEP == 0 {
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
                    let message = format!("has a `{column}` that is not a string");
                    return self.bad(number, message, "write the bytes as a string in base64url");
                }
            }
        }
        self.line(number, texts);
    }

    /// Adds one line, unless it is invalid or contradicts an earlier one.
    fn line(&mut self, number: u64, texts: Texts) {
        if self.passkeys.len() == MAX_PASSKEYS {
            let message = format!("is beyond {MAX_PASSKEYS} passkeys");
            return self.bad(number, message, "import the rest from a second file");
        }
        let passkey = match line::passkey(texts) {
            Ok(passkey) => passkey,
            Err(LineError { message, remedy }) => return self.bad(number, message, remedy),
        };
        match self.ids.entry(passkey.credential_id.clone()) {
            Entry::Vacant(place) => drop(place.insert(number)),
            Entry::Occupied(place) => {
                let message = format!("has the same `credential_id` as line {}", place.get());
                return self.bad(number, message, "a passkey belongs to one user: remove one of the two lines");
            }
        }
        if let Some(caller) = &passkey.caller_handle {
            let (user, first) =
                self.callers.entry(caller.clone()).or_insert_with(|| (passkey.upstream_handle.clone(), number));
            if *user != passkey.upstream_handle {
                let message = format!("has the `caller_handle` of line {first} with another `upstream_handle`");
                return self.bad(
                    number,
                    message,
                    "a user handle belongs to one user on each side: correct one of the two",
                );
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
