//! Reading a part of the config into its type, with a finding for each key that is unknown, missing or has a wrong
//! value.
//!
//! Deserializing stops at the first mistake, so the mistake is removed and the rest is read again. The key then has
//! its default, or a stand-in where it has none, and everything else can be checked. Findings never show a value,
//! because it may be a secret in the wrong place.

use std::cell::LazyCell;
use std::collections::BTreeSet;
use std::path::PathBuf;

use figment::error::Kind;
use figment::value::{Dict, Value};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::base::diagnostic::{Diagnostic, Diagnostics};
use crate::base::document::Places;
use crate::base::similar_name::{did_you_mean, nearest};
use crate::config::expected::Expected;
use crate::routes::compile::input::Identities;

/// A config that is being read, and the findings so far.
pub(super) struct Reader<'d> {
    pub(super) places: Places,
    pub(super) base: PathBuf,
    /// File and environment, merged.
    pub(super) config: &'d Value,
    /// The schema of the config, generated when the first mistake needs it.
    pub(super) schema: LazyCell<Json>,
    /// The keys with a mistake: what depends on one of them is not reported as well.
    pub(super) mistakes: BTreeSet<String>,
    pub(super) identities: Identities,
    pub(super) diagnostics: &'d mut Diagnostics,
}

impl Reader<'_> {
    /// Reads the value at a path of the config; `None`, with a finding, if nothing of it can be read.
    pub(super) fn read<T: DeserializeOwned>(&mut self, path: &[&str], mut value: Value) -> Option<T> {
        let (mut unknown, mut stand_ins) = (Vec::new(), BTreeSet::new());
        loop {
            let error = match value.deserialize::<T>() {
                Ok(settings) => return Some(settings),
                Err(error) => error,
            };
            let mut below = error.path.clone();
            if let Kind::MissingField(name) = &error.kind {
                below.push(name.to_string());
            }
            let whole: Vec<&str> = path.iter().copied().chain(below.iter().map(String::as_str)).collect();
            let is_new = self.mistakes.insert(whole.join("."));
            let stand_in = self.expected(&whole).and_then(Expected::stand_in);
            let is_replaced = match &error.kind {
                Kind::UnknownField(..) => {
                    self.unknown_key(&whole);
                    unknown.push(below.clone());
                    remove(&mut value, &below)
                }
                Kind::MissingField(_) => {
                    if is_new && !unknown.iter().any(|unknown| is_mistyped(unknown, &below)) {
                        self.missing_key(&whole, None);
                    }
                    stand_ins.insert(below.clone()) && put(&mut value, &below, stand_in)
                }
                kind => {
                    if is_new {
                        // The errors of this program's types describe what they require beyond the schema.
                        let problem = match kind {
                            Kind::Message(message) if message.starts_with("must ") => Some(message.as_str()),
                            _ => None,
                        };
                        self.wrong_value(&whole, problem);
                    }
                    let is_element = below.last().is_some_and(|key| is_index(key));
                    match is_element {
                        true => stand_ins.insert(below.clone()) && put(&mut value, &below, stand_in),
                        false => remove(&mut value, &below),
                    }
                }
            };
            if !is_replaced {
                return None;
            }
        }
    }

    /// Reads a section that may be absent.
    pub(super) fn section<T: DeserializeOwned + Default>(&mut self, name: &str, value: Option<Value>) -> Option<T> {
        value.map_or_else(|| Some(T::default()), |value| self.read(&[name], value))
    }

    /// The tables of a section of named tables, such as `[routes]`.
    pub(super) fn tables(&mut self, section: &str, value: Option<Value>) -> Vec<(String, Dict)> {
        let tables = value.and_then(|value| self.table(&[section], value)).unwrap_or_default();
        tables
            .into_iter()
            .filter_map(|(name, value)| Some((name.clone(), self.table(&[section, &name], value)?)))
            .collect()
    }

    fn table(&mut self, path: &[&str], value: Value) -> Option<Dict> {
        if let Value::Dict(_, table) = value {
            return Some(table);
        }
        self.mistakes.insert(path.join("."));
        self.wrong_value(path, None);
        None
    }

    /// Reports what a check found, unless it follows from a mistake that is reported already.
    pub(super) fn report(&mut self, finding: Diagnostic) {
        let follows = finding.key.as_deref().is_some_and(|key| follows(&self.mistakes, key));
        if !follows {
            self.diagnostics.push(finding);
        }
    }

    fn expected(&self, path: &[&str]) -> Option<Expected<'_>> {
        Expected::find(&self.schema, self.config, path)
    }

    /// Reports a key that does not exist.
    pub(super) fn unknown_key(&mut self, path: &[&str]) {
        let Some((name, table)) = path.split_last() else { return };
        let message = match table {
            [] => format!("unknown section `{name}`"),
            table => format!("unknown key `{name}` in `[{}]`", table.join(".")),
        };
        let known = self.expected(table).map(Expected::keys).unwrap_or_default();
        let remedy = did_you_mean(name, known, "the keys here are");
        let finding = Diagnostic::error(message).label("unknown key").remedy(remedy);
        self.diagnostics.push(self.places.locate_key(finding, &path.join(".")));
    }

    /// Reports a key that a table must have.
    pub(super) fn missing_key(&mut self, path: &[&str], remedy: Option<&str>) {
        let Some((name, table)) = path.split_last() else { return };
        let table = table.join(".");
        let example = || self.expected(path).map_or_else(|| "...".to_owned(), Expected::example);
        let remedy = remedy.map_or_else(|| format!("write `{name} = {}` in it", example()), str::to_owned);
        let finding =
            Diagnostic::error(format!("`{name}` is missing in `[{table}]`")).label("this table").remedy(remedy);
        self.diagnostics.push(self.places.locate_key(finding, &table));
    }

    fn wrong_value(&mut self, path: &[&str], problem: Option<&str>) {
        let expected = self.expected(path);
        let problem = match (problem, expected) {
            (Some(problem), _) => problem.to_owned(),
            (None, Some(expected)) => format!("must be {}", expected.phrase()),
            (None, None) => "cannot have this value".to_owned(),
        };
        let remedy = expected.map_or_else(String::new, |expected| expected.remedy(path));
        let finding =
            Diagnostic::error(format!("`{}` {problem}", with_indexes(path))).label("this value").remedy(remedy);
        self.diagnostics.push(self.places.locate(finding, &path.join(".")));
    }
}

/// Whether a finding about a key follows from a mistake: at the key, in a table around it, or in the table of the key.
/// What is found about a whole route or upstream does not follow from a mistake in it.
fn follows(mistakes: &BTreeSet<String>, key: &str) -> bool {
    let is_in = |one: &str, other: &str| one.strip_prefix(other).is_some_and(|rest| rest.starts_with('.'));
    let is_in_a_table = key.split('.').count() > 2 || key.starts_with("identity.");
    mistakes.iter().any(|mistake| key == mistake || is_in(key, mistake) || (is_in_a_table && is_in(mistake, key)))
}

/// Whether a missing key is there under a similar name.
fn is_mistyped(unknown: &[String], missing: &[String]) -> bool {
    let (Some((name, table)), Some((missing, wanted))) = (unknown.split_last(), missing.split_last()) else {
        return false;
    };
    table == wanted && nearest(name, [missing.as_str()]).is_some()
}

fn is_index(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit())
}

/// `callers`, `key`, `0` as `callers.key[0]`. No setting is a table with numbers for keys.
fn with_indexes(path: &[&str]) -> String {
    let mut shown = String::new();
    for key in path {
        match (shown.is_empty(), is_index(key)) {
            (true, _) => shown.push_str(key),
            (false, true) => shown.push_str(&format!("[{key}]")),
            (false, false) => shown.push_str(&format!(".{key}")),
        }
    }
    shown
}

fn child<'v>(value: &'v mut Value, key: &String) -> Option<&'v mut Value> {
    match value {
        Value::Dict(_, table) => table.get_mut(key),
        Value::Array(_, items) => items.get_mut(key.parse::<usize>().ok()?),
        _ => None,
    }
}

fn remove(value: &mut Value, path: &[String]) -> bool {
    let Some((last, above)) = path.split_last() else { return false };
    match above.iter().try_fold(value, child) {
        Some(Value::Dict(_, table)) => table.remove(last).is_some(),
        _ => false,
    }
}

fn put(value: &mut Value, path: &[String], new: Option<Value>) -> bool {
    let (Some((last, above)), Some(new)) = (path.split_last(), new) else { return false };
    match above.iter().try_fold(value, child) {
        Some(Value::Dict(_, table)) => table.insert(last.clone(), new).is_none(),
        Some(array) => child(array, last).map(|element| *element = new).is_some(),
        None => false,
    }
}
