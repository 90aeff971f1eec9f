//! A TOML file with the place of every key and value, in the author's order.
//!
//! Provider files and the config are both read through it, so that every finding can name a line.
//! A file that is not TOML gives one diagnostic: what follows the first syntax error is guesswork.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Source};

/// A file that was parsed.
#[derive(Clone, Debug)]
pub struct Document {
    /// Where it came from.
    pub source: Arc<Source>,
    /// What it holds.
    pub root: Table,
}

/// The entries of a table, in the author's order.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Where the table stands.
    pub span: Range<usize>,
}

/// A key and what it holds.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key, unquoted.
    pub key: String,
    /// Where the key stands.
    pub key_span: Range<usize>,
    /// What it holds.
    pub item: Item,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Item {
    /// The value.
    pub value: ItemValue,
    /// Where it stands.
    pub span: Range<usize>,
}

/// The values TOML has, as far as passbridge uses them.
#[derive(Clone, Debug)]
pub enum ItemValue {
    /// A string.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A boolean.
    Flag(bool),
    /// An array.
    Array(Vec<Item>),
    /// A table, inline or not.
    Table(Table),
    /// A float, a date, or an integer beyond 64 bits, with TOML's name for it.
    Other(&'static str),
}

impl Document {
    /// Parses a file's text; `name` is shown in diagnostics.
    pub fn parse(name: impl Into<String>, text: impl Into<String>) -> Result<Self, Diagnostic> {
        let source = Arc::new(Source { name: name.into(), text: text.into() });
        match DeTable::parse(&source.text) {
            Ok(root) => Ok(Self { root: table(root.get_ref(), root.span()), source: source.clone() }),
            Err(error) => Err(Diagnostic::error("the file is not valid TOML")
                .at(&source, error.span().unwrap_or(0..0))
                .label(error.message().to_owned())
                .remedy("see https://toml.io for the syntax")),
        }
    }
}

impl Table {
    /// The value of a key.
    pub fn item(&self, key: &str) -> Option<&Item> {
        self.entry(key).map(|entry| &entry.item)
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

impl Item {
    /// The table, if it is one.
    pub fn as_table(&self) -> Option<&Table> {
        match &self.value {
            ItemValue::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            ItemValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// TOML's name for what it is.
    pub fn noun(&self) -> &'static str {
        match &self.value {
            ItemValue::Text(_) => "string",
            ItemValue::Integer(_) => "integer",
            ItemValue::Flag(_) => "boolean",
            ItemValue::Array(_) => "array",
            ItemValue::Table(_) => "table",
            ItemValue::Other(noun) => noun,
        }
    }
}

fn table(table: &DeTable<'_>, span: Range<usize>) -> Table {
    let entries = table
        .iter()
        .map(|(key, value)| Entry { key: key.get_ref().to_string(), key_span: key.span(), item: item(value) })
        .collect();
    Table { entries, span }
}

fn item(value: &Spanned<DeValue<'_>>) -> Item {
    let noun = value.get_ref().type_str();
    let span = value.span();
    let value = match value.get_ref() {
        DeValue::String(text) => ItemValue::Text(text.to_string()),
        DeValue::Integer(integer) => i64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix())
            .map_or(ItemValue::Other(noun), ItemValue::Integer),
        DeValue::Boolean(flag) => ItemValue::Flag(*flag),
        DeValue::Array(items) => ItemValue::Array(items.iter().map(item).collect()),
        DeValue::Table(inner) => ItemValue::Table(table(inner, span.clone())),
        DeValue::Float(_) | DeValue::Datetime(_) => ItemValue::Other(noun),
    };
    Item { value, span }
}

/// Where each key of a config stands; keys are written with dots, `routes.ios.upstream`.
#[derive(Clone, Debug, Default)]
pub struct Places(BTreeMap<String, (Arc<Source>, Entry)>);

impl Places {
    /// The places of every key of a document.
    pub fn of(document: &Document) -> Self {
        let mut places = Self::default();
        places.note("", &document.root, &document.source);
        places
    }

    fn note(&mut self, prefix: &str, table: &Table, source: &Arc<Source>) {
        for entry in &table.entries {
            let path = if prefix.is_empty() { entry.key.clone() } else { format!("{prefix}.{}", entry.key) };
            if let Some(inner) = entry.item.as_table() {
                self.note(&path, inner, source);
            }
            self.0.insert(path, (source.clone(), entry.clone()));
        }
    }

    /// Puts a finding at the value of a key, or at the nearest table around it that stands in the file.
    #[must_use]
    pub fn locate(&self, diagnostic: Diagnostic, path: &str) -> Diagnostic {
        match self.nearest(path) {
            Some((source, entry, true)) if entry.item.as_table().is_none() => {
                diagnostic.at(source, entry.item.span.clone())
            }
            Some((source, entry, _)) => diagnostic.at(source, entry.key_span.clone()),
            None => diagnostic,
        }
    }

    /// Puts a finding at a key itself.
    #[must_use]
    pub fn locate_key(&self, diagnostic: Diagnostic, path: &str) -> Diagnostic {
        match self.nearest(path) {
            Some((source, entry, _)) => diagnostic.at(source, entry.key_span.clone()),
            None => diagnostic,
        }
    }

    fn nearest(&self, path: &str) -> Option<(&Arc<Source>, &Entry, bool)> {
        let mut at = path;
        loop {
            if let Some((source, entry)) = self.0.get(at) {
                return Some((source, entry, at == path));
            }
            at = at.rsplit_once('.')?.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authors_order_and_places_are_kept() {
        let document = Document::parse("x.toml", "b = { z = 1, a = 2 }\n[t]\nk = \"v\"\n").unwrap();
        let keys: Vec<_> = document.root.entries.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(keys, ["b", "t"]);
        let b = document.root.item("b").and_then(Item::as_table).unwrap();
        assert_eq!(b.entries[0].key, "z");
        let k = document.root.item("t").and_then(Item::as_table).unwrap().entry("k").unwrap();
        assert_eq!(&document.source.text[k.item.span.clone()], "\"v\"");
    }

    #[test]
    fn a_syntax_error_names_its_line() {
        let shown = Document::parse("x.toml", "a = 1\nb = \n").unwrap_err().to_string();
        assert!(shown.contains("x.toml:2:"), "{shown}");
    }
}
