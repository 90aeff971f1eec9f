//! The keys of a table and the types of their values.
//!
//! A value of the wrong type is reported and treated as absent, so that the compiler can continue.

use crate::base::document::{Item, ItemValue, Table};
use crate::base::similar_name::{did_you_mean, nearest};
use crate::provider::template::compile::Compiler;

pub(super) fn known(compiler: &mut Compiler, table: &Table, known: &[&str]) {
    for entry in table.entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
        let remedy = did_you_mean(&entry.key, known.iter().copied(), "the keys here are");
        compiler.error(&entry.key_span, format!("unknown key `{}`", entry.key), "this key", remedy);
    }
}

pub(super) fn text(compiler: &mut Compiler, table: &Table, key: &str) -> Option<String> {
    let item = table.item(key)?;
    if item.as_text().is_none() {
        compiler.error(&item.span, format!("`{key}` must be a string"), item.noun(), "write it in quotes");
    }
    item.as_text().map(str::to_owned)
}

pub(super) fn table<'t>(compiler: &mut Compiler, parent: &'t Table, key: &str) -> Option<&'t Table> {
    let item = parent.item(key)?;
    if item.as_table().is_none() {
        let remedy = format!("write `{key} = {{ ... }}` or a `[{key}]` table");
        compiler.error(&item.span, format!("`{key}` must be a table"), item.noun(), remedy);
    }
    item.as_table()
}

pub(super) fn texts(compiler: &mut Compiler, table: &Table, key: &str) -> Vec<String> {
    let Some(item) = table.item(key) else { return Vec::new() };
    let ItemValue::Array(items) = &item.value else {
        compiler.error(&item.span, format!("`{key}` must be an array of strings"), item.noun(), "write `[\"...\"]`");
        return Vec::new();
    };
    let mut texts = Vec::new();
    for item in items {
        match item.as_text() {
            Some(text) => texts.push(text.to_owned()),
            None => {
                let message = format!("`{key}` must contain only strings");
                compiler.error(&item.span, message, item.noun(), "write it in quotes");
            }
        }
    }
    texts
}

/// One name or an array of names from a closed set, each the name of a `noun`.
pub(super) fn named<T>(
    compiler: &mut Compiler,
    item: &Item,
    (key, noun): (&str, &str),
    find: fn(&str) -> Option<T>,
    names: &[&str],
) -> Vec<T> {
    let items = match &item.value {
        ItemValue::Array(items) => items.as_slice(),
        _ => std::slice::from_ref(item),
    };
    let mut found = Vec::new();
    for item in items {
        match item.as_text().map(|text| (text, find(text))) {
            Some((_, Some(one))) => found.push(one),
            other => {
                let remedy = match other.and_then(|(text, _)| nearest(text, names.iter().copied())) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("possible values: {}", names.join(", ")),
                };
                let message = match item.as_text() {
                    Some(text) => format!("unknown {noun} `{text}`"),
                    None => format!("`{key}` must be a string, or an array of strings"),
                };
                compiler.error(&item.span, message, "this value", remedy);
            }
        }
    }
    found
}
