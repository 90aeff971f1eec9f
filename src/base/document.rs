//! A TOML file with the position of every key and value, in the order of the file.
//!
//! Provider files and the config are both parsed here, so that every finding can name a line. A file that is not TOML
//! gives one finding, because what follows a syntax error cannot be parsed reliably.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::base::diagnostic::{Diagnostic, Source};

/// A parsed file.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its text.
    pub source: Arc<Source>,
    /// Its top-level table.
    pub root: Table,
}

/// The entries of a table, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The entries.
    pub entries: Vec<Entry>,
    /// The position of the table.
    pub span: Range<usize>,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key, unquoted.
    pub key: String,
    /// The position of the key.
    pub key_span: Range<usize>,
    /// The value.
    pub item: Item,
}

/// A value and its position.
#[derive(Clone, Debug)]
pub struct Item {
    /// The value.
    pub value: ItemValue,
    /// Its position.
    pub span: Range<usize>,
}

/// The types of values that passbridge uses.
#[derive(Clone, Debug)]
pub enum ItemValue {
    /// A string.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// A boolean.
    Flag(bool),
    /// An array.
    Array(Vec<Item>),
    /// A table, inline or not.
    Table(Table),
    /// A date, or a number that does not fit in 64 bits, with TOML's name of the type.
    Other(&'static str),
}

impl Document {
    /// Parses the text of a file; findings show `name`.
    ///
    /// # Errors
    /// The first syntax error.
    pub fn parse(name: impl Into<String>, text: impl Into<String>) -> Result<Self, Diagnostic> {
        let (name, text) = (name.into(), text.into());
        match root(&text) {
            Ok(root) => Ok(Self { root, source: Arc::new(Source::new(name, text, Vec::new())) }),
            Err(error) => {
                let source = Arc::new(Source::new(name, text, Vec::new()));
                let finding = Diagnostic::error("the file is not valid TOML").label(error.message().to_owned());
                Err(finding.at(&source, error.span().unwrap_or(0..0)).remedy(remedy(error.message())))
            }
        }
    }

    /// The same for a file that may contain secrets by mistake: `secrets` finds the parts that findings must not show.
    /// If the file is not TOML, no line of it is shown.
    ///
    /// # Errors
    /// The first syntax error.
    pub fn parse_with_secrets(
        name: impl Into<String>,
        text: impl Into<String>,
        secrets: impl FnOnce(&Table, &str) -> Vec<Range<usize>>,
    ) -> Result<Self, Diagnostic> {
        let (name, text) = (name.into(), text.into());
        match root(&text) {
            Ok(root) => {
                let hidden = secrets(&root, &text);
                Ok(Self { root, source: Arc::new(Source::new(name, text, hidden)) })
            }
            Err(error) => {
                let before = &text[..error.span().map_or(0, |span| span.start)];
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
                let finding = Diagnostic::error(format!("the file is not valid TOML: {}", error.message()));
                Err(finding.of(format!("{name}:{line}:{column}")).remedy(remedy(error.message())))
            }
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

    /// TOML's name of its type.
    pub fn noun(&self) -> &'static str {
        match &self.value {
            ItemValue::Text(_) => "string",
            ItemValue::Integer(_) => "integer",
            ItemValue::Float(_) => "float",
            ItemValue::Flag(_) => "boolean",
            ItemValue::Array(_) => "array",
            ItemValue::Table(_) => "table",
            ItemValue::Other(noun) => noun,
        }
    }
}

fn root(text: &str) -> Result<Table, toml::de::Error> {
    DeTable::parse(text).map(|root| table(root.get_ref(), root.span()))
}

fn remedy(problem: &str) -> &'static str {
    match problem {
        "duplicate key" => "a key may occur only once in a table: remove one of the two",
        _ => "see https://toml.io for the syntax",
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
        DeValue::Float(float) => {
            float.as_str().replace('_', "").parse().map_or(ItemValue::Other(noun), ItemValue::Float)
        }
        DeValue::Datetime(_) => ItemValue::Other(noun),
    };
    Item { value, span }
}

/// The position of each key of a config, by its dotted path such as `routes.ios.upstream`.
#[derive(Clone, Debug)]
pub struct Places {
    source: Arc<Source>,
    entries: BTreeMap<String, Entry>,
    elsewhere: BTreeMap<String, String>,
}

impl Places {
    /// The positions of the keys of a document.
    pub fn of(document: &Document) -> Self {
        let source = document.source.clone();
        let mut places = Self { source, entries: BTreeMap::new(), elsewhere: BTreeMap::new() };
        places.note("", &document.root);
        places
    }

    /// Adds keys that override those of the document, each with the name of the place it comes from.
    #[must_use]
    pub fn before(self, elsewhere: BTreeMap<String, String>) -> Self {
        Self { elsewhere, ..self }
    }

    fn note(&mut self, prefix: &str, table: &Table) {
        for entry in &table.entries {
            let path = if prefix.is_empty() { entry.key.clone() } else { format!("{prefix}.{}", entry.key) };
            if let Some(inner) = entry.item.as_table() {
                self.note(&path, inner);
            }
            self.entries.insert(path, entry.clone());
        }
    }

    /// Gives `new`, and the keys below it, the positions of `old`.
    pub fn alias(&mut self, old: &str, new: &str) {
        copy_below(&mut self.entries, old, new);
        copy_below(&mut self.elsewhere, old, new);
    }

    /// Locates a finding at the value of a key, or at the innermost table around the key that exists.
    #[must_use]
    pub fn locate(&self, diagnostic: Diagnostic, path: &str) -> Diagnostic {
        self.place(diagnostic, path, |entry, itself| match itself && entry.item.as_table().is_none() {
            true => entry.item.span.clone(),
            false => entry.key_span.clone(),
        })
    }

    /// Locates a finding at a key.
    #[must_use]
    pub fn locate_key(&self, diagnostic: Diagnostic, path: &str) -> Diagnostic {
        self.place(diagnostic, path, |entry, _| entry.key_span.clone())
    }

    /// A finding about a key of which no part exists is about the whole file.
    fn place(&self, diagnostic: Diagnostic, path: &str, span: impl Fn(&Entry, bool) -> Range<usize>) -> Diagnostic {
        let diagnostic = diagnostic.about(path);
        if let Some(place) = self.elsewhere(path) {
            return diagnostic.of(place);
        }
        let mut at = path;
        loop {
            if let Some(entry) = self.entries.get(at) {
                // The rest of the path may be the index of an array element.
                let rest = path[at.len()..].trim_start_matches('.');
                let itself = rest.bytes().all(|byte| byte.is_ascii_digit());
                return diagnostic.at(&self.source, span(entry, itself));
            }
            at = match at.rsplit_once('.') {
                Some((above, _)) => above,
                None => return diagnostic.of(self.source.name.as_str()),
            };
        }
    }

    /// The place that overrides the document for a key: its own, that of a table around it, or that of a key below it
    /// if the document does not have the key.
    fn elsewhere(&self, path: &str) -> Option<&str> {
        let is_in = |one: &str, other: &str| one.strip_prefix(other).is_some_and(|rest| rest.starts_with('.'));
        let around = self.elsewhere.iter().find(|(known, _)| path == *known || is_in(path, known));
        let within = || self.elsewhere.iter().find(|(known, _)| is_in(known, path) && !self.entries.contains_key(path));
        around.or_else(within).map(|(_, place)| place.as_str())
    }
}

fn copy_below<T: Clone>(paths: &mut BTreeMap<String, T>, old: &str, new: &str) {
    let below =
        |path: &str| path.strip_prefix(old).filter(|rest| rest.is_empty() || rest.starts_with('.')).map(str::to_owned);
    let copies: Vec<_> = paths.iter().filter_map(|(path, place)| Some((below(path)?, place.clone()))).collect();
    for (rest, place) in copies {
        paths.entry(format!("{new}{rest}")).or_insert(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_positions_are_kept() {
        let document = Document::parse("x.toml", "b = { z = 1, a = 2 }\n[t]\nk = \"v\"\n").unwrap();
        let keys: Vec<_> = document.root.entries.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(keys, ["b", "t"]);
        let b = document.root.item("b").and_then(Item::as_table).unwrap();
        assert_eq!(b.entries[0].key, "z");
        let k = document.root.item("t").and_then(Item::as_table).unwrap().entry("k").unwrap();
        assert_eq!(&document.source.text[k.item.span.clone()], "\"v\"");
    }

    #[test]
    fn overriding_key_is_located_at_its_place() {
        let document = Document::parse("x.toml", "[a]\nb = 1\nc = { d = 1 }\n").unwrap();
        let elsewhere = [("a.b", "variable B"), ("a.c.e", "variable E"), ("z.y", "variable Y")];
        let elsewhere = elsewhere.map(|(path, place)| (path.to_owned(), place.to_owned()));
        let places = Places::of(&document).before(elsewhere.into());
        let place = |path| places.locate(Diagnostic::error("wrong"), path).to_string();
        assert!(place("a.b").contains("--> variable B") && place("a.b.q").contains("--> variable B"));
        assert!(place("a.c.d").contains("--> x.toml:3:11") && place("a.c").contains("--> x.toml:3:1"));
        assert!(place("z").contains("--> variable Y") && place("q").ends_with("--> x.toml"));
    }

    #[test]
    fn syntax_error_of_a_file_with_secrets_shows_no_line() {
        let error = Document::parse_with_secrets("x.toml", "key = \"hunter2\nb = 1\n", |_, _| Vec::new());
        let error = error.unwrap_err().to_string();
        assert!(error.contains("x.toml:1:") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn syntax_error_names_its_line() {
        let shown = Document::parse("x.toml", "a = 1\nb = \n").unwrap_err().to_string();
        assert!(shown.contains("x.toml:2:"), "{shown}");
    }
}
