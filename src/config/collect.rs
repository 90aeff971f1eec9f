//! Every mistake of a section at once, although deserializing stops at the first.
//!
//! A value that is wrong is told of and taken out, then the section is read again; what is missing
//! ends it. No value is ever shown, for it may be a secret in the wrong place.

use figment::error::{Actual, Error, Kind};
use figment::value::{Dict, Value};
use serde::de::DeserializeOwned;

use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::document::Places;

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
    for _ in 0..MOST_MISTAKES {
        let error = match value.deserialize::<T>() {
            Ok(read) => return flawless.then_some(read),
            Err(error) => error,
        };
        flawless = false;
        diagnostics.push(diagnostic(section, &error, places));
        let mut path: Vec<String> = error.path.clone();
        if let Kind::UnknownField(name, _) = &error.kind
            && path.last() != Some(name)
        {
            path.push(name.clone());
        }
        if matches!(error.kind, Kind::MissingField(_)) || !remove(&mut value, &path) {
            return None;
        }
    }
    None
}

fn remove(value: &mut Value, path: &[String]) -> bool {
    let Some((last, way)) = path.split_last() else { return false };
    let mut at = value;
    for key in way {
        at = match at {
            Value::Dict(_, dict) => match dict.get_mut(key) {
                Some(inner) => inner,
                None => return false,
            },
            _ => return false,
        };
    }
    match at {
        Value::Dict(_, dict) => dict.remove(last).is_some(),
        _ => false,
    }
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
            let diagnostic = Diagnostic::error(format!("`{path}` {}", wrong(kind))).label("this value");
            places.locate(diagnostic.remedy(remedy(&path)), &path)
        }
    }
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
        Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
            format!("must be {expected}, not {}", noun(actual))
        }
        Kind::InvalidLength(_, expected) => format!("must be {expected}"),
        Kind::UnknownVariant(_, known) => {
            let known: Vec<_> = known.iter().map(|name| format!("\"{name}\"")).collect();
            format!("must be {}", known.join(" or "))
        }
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

fn remedy(path: &str) -> String {
    let section = path.split('.').next().unwrap_or_default();
    format!("`passbridge schema config` shows what `[{section}]` takes; numbers stand without quotes, strings within")
}

/// The tables of a section of named tables, such as `[routes]`.
pub(crate) fn tables(
    section: &str,
    value: Option<Value>,
    places: &Places,
    diagnostics: &mut Diagnostics,
) -> Vec<(String, Dict)> {
    let mut tables = Vec::new();
    let mut not_a_table = |key: &str| {
        let diagnostic = Diagnostic::error(format!("`{key}` must be a table"))
            .label("not a table")
            .remedy(format!("write `[{section}.NAME]`"));
        diagnostics.push(places.locate_key(diagnostic, key));
    };
    match value {
        None => {}
        Some(Value::Dict(_, dict)) => {
            for (name, value) in dict {
                match value {
                    Value::Dict(_, table) => tables.push((name, table)),
                    _ => not_a_table(&format!("{section}.{name}")),
                }
            }
        }
        Some(_) => not_a_table(section),
    }
    tables
}
