//! One passkey as one line of an import file.

use crate::base::base64;
use crate::base::similar_name::did_you_mean;
use crate::features::user_handles::passkey::{MAX_CREDENTIAL_ID, MAX_HANDLE, NewPasskey};

/// The columns, or the members of an object.
pub(super) const COLUMNS: [&str; 4] = ["credential_id", "upstream_handle", "caller_handle", "rp_id"];
/// The required ones.
pub(super) const REQUIRED: [&str; 2] = ["credential_id", "upstream_handle"];
/// In bytes.
const MAX_DOMAIN: usize = 253;

/// The values of a line in the order of [`COLUMNS`]; `None` if empty or missing.
pub(super) type Texts = [Option<String>; COLUMNS.len()];

/// An invalid line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineProblem {
    /// The line number, from 1.
    pub line: u64,
    /// What is wrong, starting with a verb.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

/// A [`LineProblem`] without its line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LineError {
    pub(super) message: String,
    pub(super) remedy: &'static str,
}

/// The passkey of a line.
pub(super) fn passkey([id, upstream, caller, rp_id]: Texts) -> Result<NewPasskey, LineError> {
    Ok(NewPasskey {
        credential_id: required("credential_id", id, MAX_CREDENTIAL_ID)?,
        upstream_handle: required("upstream_handle", upstream, MAX_HANDLE)?,
        caller_handle: caller.map(|text| bytes("caller_handle", &text, MAX_HANDLE)).transpose()?,
        rp_id: domain(rp_id.unwrap_or_default())?,
        transports: Vec::new(),
        key: None,
    })
}

/// The problems of a header line.
pub(super) fn columns(names: &[&str]) -> Vec<LineProblem> {
    let at_head = |message: String, remedy: String| LineProblem { line: 1, message, remedy };
    let unknown = names.iter().filter(|name| !COLUMNS.contains(*name)).map(|name| {
        let remedy = did_you_mean(name, COLUMNS, "the columns are");
        at_head(format!("has an unknown column `{name}`"), remedy)
    });
    let missing = REQUIRED.iter().filter(|name| !names.contains(*name)).map(|name| {
        at_head(format!("has no column `{name}`"), "write the column names into the first line".to_owned())
    });
    unknown.chain(missing).collect()
}

fn required(column: &str, text: Option<String>, most: usize) -> Result<Vec<u8>, LineError> {
    match text {
        Some(text) => bytes(column, &text, most),
        None => Err(bad(format!("has no `{column}`"), "fill it in, or remove the line")),
    }
}

fn bytes(column: &str, text: &str, most: usize) -> Result<Vec<u8>, LineError> {
    let read = base64::read(text);
    let read = read.map_err(|_| bad(format!("has a `{column}` that is not base64"), "write the bytes in base64url"))?;
    match (1..=most).contains(&read.len()) {
        true => Ok(read),
        false => Err(bad(format!("has a `{column}` that is not 1 to {most} bytes long"), "correct it")),
    }
}

fn domain(text: String) -> Result<String, LineError> {
    let is_domain =
        text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte));
    match is_domain && text.len() <= MAX_DOMAIN {
        true => Ok(text),
        false => {
            let remedy = "write only the domain, in lower case, such as `example.com`, or leave it empty";
            Err(bad("has an `rp_id` that is not a domain".to_owned(), remedy))
        }
    }
}

fn bad(message: String, remedy: &'static str) -> LineError {
    LineError { message, remedy }
}
