//! Every mistake of a section at once, although deserializing stops at the first.
//!
//! A value that is wrong is told of and taken out, then the section is read again; what is missing
//! ends it. No value is ever shown, for it may be a secret in the wrong place.

use figment::error::{Actual, Error, Kind};
use figment::value::{Dict, Value};
use serde::de::DeserializeOwned;

use crate::base::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::base::document::Places;

/// A section is read again at most so often.
const MOST_MISTAKES: usize = 100;

/// Reads a section into its type, noting all that is wrong.
pub(crate) fn section<T: DeserializeOwned>(
    section: &str,
    mut value: Value,
    places: &Places,
    diagnostics: &mut Diagnostics,
) -> Option<T> {
    let mut flawless = true;
    // What was wrong and was taken out, so that it is not missed as well.
    let mut removed: Vec<Vec<String>> = Vec::new();
    for _ in 0..MOST_MISTAKES {
        let error = match value.deserialize::<T>() {
            Ok(read) => return flawless.then_some(read),
            Err(error) => error,
        };
        flawless = false;
        let path = place(&error);
        if let Kind::MissingField(name) = &error.kind {
            if !removed.iter().any(|removed| is_mistaken(removed, &path, name)) {
                diagnostics.push(diagnostic(section, &error, places));
            }
            if !stand_in::<T>(&mut value, &path) {
                return None;
            }
            continue;
        }
        diagnostics.push(diagnostic(section, &error, places));
        if !remove(&mut value, &path) {
            return None;
        }
        removed.push(path);
    }
    None
}

/// The path of the key an error is about.
fn place(error: &Error) -> Vec<String> {
    let mut path = error.path.clone();
    match &error.kind {
        Kind::UnknownField(name, _) if path.last() != Some(name) => path.push(name.clone()),
        Kind::MissingField(name) => path.push(name.to_string()),
        _ => {}
    }
    path
}

/// Whether a key that is missing was there: with a wrong value, or mistyped.
fn is_mistaken(removed: &[String], missing: &[String], name: &str) -> bool {
    let (Some((there, way)), Some((_, wanted))) = (removed.split_last(), missing.split_last()) else { return false };
    way == wanted && nearest(there, [name]).is_some()
}

/// Puts something where a key is missing, so that what comes after it can be read; `false` where
/// nothing would do.
fn stand_in<T: DeserializeOwned>(value: &mut Value, path: &[String]) -> bool {
    let stand_ins = [Value::from("x"), Value::from(1), Value::from(Vec::<String>::new()), Value::from(Dict::new())];
    for stand_in in stand_ins {
        remove(value, path);
        if !put(value, path, stand_in) {
            return false;
        }
        match value.deserialize::<T>() {
            Err(error) if place(&error).starts_with(path) => {}
            Ok(_) | Err(_) => return true,
        }
    }
    false
}

/// The table that holds the last key of a path.
fn table_of<'v>(value: &'v mut Value, way: &[String]) -> Option<&'v mut Dict> {
    let mut at = value;
    for key in way {
        at = match at {
            Value::Dict(_, dict) => dict.get_mut(key)?,
            _ => return None,
        };
    }
    match at {
        Value::Dict(_, dict) => Some(dict),
        _ => None,
    }
}

fn remove(value: &mut Value, path: &[String]) -> bool {
    let Some((last, way)) = path.split_last() else { return false };
    table_of(value, way).is_some_and(|table| table.remove(last).is_some())
}

fn put(value: &mut Value, path: &[String], new: Value) -> bool {
    let Some((last, way)) = path.split_last() else { return false };
    table_of(value, way).is_some_and(|table| table.insert(last.clone(), new).is_none())
}

fn diagnostic(section: &str, error: &Error, places: &Places) -> Diagnostic {
    let path = std::iter::once(section).chain(error.path.iter().map(String::as_str)).collect::<Vec<_>>().join(".");
    match &error.kind {
        Kind::UnknownField(name, known) => {
            let inner = match error.path.split_last() {
                Some((last, way)) if last == name => way,
                _ => &error.path,
            };
            let table = std::iter::once(section).chain(inner.iter().map(String::as_str)).collect::<Vec<_>>().join(".");
            unknown_key(&table, name, known, places)
        }
        Kind::MissingField(name) => {
            let message = format!("`[{path}]` lacks `{name}`");
            let diagnostic =
                Diagnostic::error(message).label("this table").remedy(format!("write `{name} = ...` in it"));
            places.locate_key(diagnostic, &path)
        }
        kind => {
            let diagnostic =
                Diagnostic::error(format!("`{}` {}", with_indexes(&path), wrong(kind))).label("this value");
            places.locate(diagnostic.remedy(remedy(&path, kind)), &path)
        }
    }
}

/// `callers.key.0` as people write it: `callers.key[0]`. No setting is a table with numbers for keys.
fn with_indexes(path: &str) -> String {
    let is_index = |key: &str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    let mut shown = String::new();
    for key in path.split('.') {
        match (shown.is_empty(), is_index(key)) {
            (true, _) => shown.push_str(key),
            (false, true) => shown.push_str(&format!("[{key}]")),
            (false, false) => shown.push_str(&format!(".{key}")),
        }
    }
    shown
}

/// A key that a table has not.
pub(crate) fn unknown_key(table: &str, name: &str, known: &[&str], places: &Places) -> Diagnostic {
    let (message, key) = match table {
        "" => (format!("the config has no key `{name}`"), name.to_owned()),
        table => (format!("there is no key `{name}` in `[{table}]`"), format!("{table}.{name}")),
    };
    let remedy = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the keys here are: {}", known.join(", ")),
    };
    places.locate_key(Diagnostic::error(message).label("unknown key").remedy(remedy), &key)
}

fn wrong(kind: &Kind) -> String {
    match kind {
        Kind::InvalidType(actual, expected) => format!("must be {}, not {}", noun_of(expected), noun(actual)),
        Kind::InvalidValue(_, expected) | Kind::InvalidLength(_, expected) => format!("must be {}", noun_of(expected)),
        Kind::UnknownVariant(_, known) => {
            let known: Vec<_> = known.iter().map(|name| format!("\"{name}\"")).collect();
            format!("must be {}", known.join(" or "))
        }
        Kind::Message(message) if message.starts_with("must be ") => message.clone(),
        Kind::Message(message) => format!("cannot be used: {message}"),
        Kind::DuplicateField(name) => format!("has `{name}` twice"),
        Kind::ISizeOutOfRange(_) | Kind::USizeOutOfRange(_) => "is out of range".to_owned(),
        Kind::Unsupported(actual) | Kind::UnsupportedKey(actual, _) => format!("cannot be {}", noun(actual)),
        Kind::UnknownField(name, _) => format!("has no key `{name}`"),
        Kind::MissingField(name) => format!("lacks `{name}`"),
    }
}

/// What a value is, without the value.
fn noun(actual: &Actual) -> &'static str {
    match actual {
        Actual::Bool(_) => "true or false",
        Actual::Unsigned(_) | Actual::Signed(_) => "a number",
        Actual::Float(_) => "a fraction or a date",
        Actual::Char(_) | Actual::Str(_) => "a string",
        Actual::Bytes(_) => "bytes",
        Actual::Seq => "an array",
        Actual::Map => "a table",
        Actual::Unit | Actual::Option => "nothing",
        Actual::NewtypeStruct | Actual::Enum | Actual::UnitVariant | Actual::NewtypeVariant => "that",
        Actual::TupleVariant | Actual::StructVariant | Actual::Other(_) => "that",
    }
}

/// What was expected, in TOML's words instead of Rust's.
fn noun_of(expected: &str) -> &str {
    match expected {
        "a sequence" => "an array",
        "a map" => "a table",
        "a boolean" => "true or false",
        "path string" => "a string",
        "u32" => "an integer from 0 to 4294967295",
        expected if expected.starts_with("struct ") => "a table",
        expected => expected,
    }
}

fn remedy(path: &str, kind: &Kind) -> String {
    let section = path.split('.').next().unwrap_or_default();
    let last = path.rsplit('.').next().unwrap_or_default();
    match (kind, last) {
        (Kind::Message(message), _) if message.contains("env:") => {
            "write `env:NAME` and set that variable for the gateway, or `file:PATH`".to_owned()
        }
        (_, "listen") => "write an address and a port, such as `\"127.0.0.1:8080\"`".to_owned(),
        (_, "base_url" | "url") => "write it like `\"https://api.example.com\"`".to_owned(),
        (Kind::Message(_), _) if section == "passthrough" => {
            "write it like `\"api.example.com\" = \"https://target.example\"`".to_owned()
        }
        (Kind::InvalidType(Actual::Str(_), expected), _) if expected.contains("integer") => {
            "write the number without quotes".to_owned()
        }
        (Kind::InvalidValue(_, expected), _) if expected.contains(" from ") => {
            "write a number in that range, or leave it out for the default".to_owned()
        }
        (Kind::InvalidType(_, expected), _) => match noun_of(expected) {
            "a string" => "write it between quotes".to_owned(),
            "an array" => "write it in brackets: `[...]`".to_owned(),
            "a table" => format!("write `[{path}]` and its keys below it"),
            _ => schema(section),
        },
        _ => schema(section),
    }
}

fn schema(section: &str) -> String {
    format!("`passbridge schema config` shows what `[{section}]` takes")
}

/// The tables of a section of named tables, such as `[routes]`; `None` where it is no such section.
pub(crate) fn tables(
    section: &str,
    value: Option<Value>,
    places: &Places,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<(String, Dict)>> {
    let mut not_a_table = |key: &str| {
        let diagnostic = Diagnostic::error(format!("`{key}` must be a table"))
            .label("not a table")
            .remedy(format!("write `[{section}.NAME]` and its keys below it"));
        diagnostics.push(places.locate_key(diagnostic, key));
    };
    let dict = match value {
        None => return Some(Vec::new()),
        Some(Value::Dict(_, dict)) => dict,
        Some(_) => {
            not_a_table(section);
            return None;
        }
    };
    let mut tables = Vec::new();
    for (name, value) in dict {
        match value {
            Value::Dict(_, table) => tables.push((name, table)),
            _ => not_a_table(&format!("{section}.{name}")),
        }
    }
    Some(tables)
}
