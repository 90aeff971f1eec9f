//! A TOML file with the place of every key and value, in the author's order.
//!
//! Provider files and the config are both read through it, so that every finding can name a line.
//! A file that is not TOML gives one diagnostic: what follows the first syntax error is guesswork.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::base::diagnostic::{Diagnostic, Source};

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
    /// A number with a fraction or an exponent.
    Float(f64),
    /// A boolean.
    Flag(bool),
    /// An array.
    Array(Vec<Item>),
    /// A table, inline or not.
    Table(Table),
    /// A date, or a number beyond 64 bits, with TOML's name for it.
    Other(&'static str),
}

impl Document {
    /// Parses a file's text; `name` is shown in diagnostics.
    ///
    /// # Errors
    /// The first thing that is not TOML.
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

    /// The same for a file in which secrets may stand by mistake: `secrets` finds those that diagnostics
    /// must not show. Of a file that is not TOML no line is shown, for it may hold anything.
    ///
    /// # Errors
    /// The first thing that is not TOML.
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

    /// TOML's name for what it is.
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
        "duplicate key" => "each key stands once in its table: take one of them out",
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

/// Where each key of a config stands; keys are written with dots, `routes.ios.upstream`.
#[derive(Clone, Debug)]
pub struct Places {
    source: Arc<Source>,
    entries: BTreeMap<String, Entry>,
    elsewhere: BTreeMap<String, String>,
}

impl Places {
    /// The places of every key of a document.
    pub fn of(document: &Document) -> Self {
        let source = document.source.clone();
        let mut places = Self { source, entries: BTreeMap::new(), elsewhere: BTreeMap::new() };
        places.note("", &document.root);
        places
    }

    /// Notes keys that come from elsewhere and stand before the document's: each with the name of its place.
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

    /// Gives a key, and what is below it, the place of another one.
    pub fn alias(&mut self, old: &str, new: &str) {
        copy_below(&mut self.entries, old, new);
        copy_below(&mut self.elsewhere, old, new);
    }

    /// Puts a finding at the value of a key, or at the nearest table around it that stands in the file.
    #[must_use]
    pub fn locate(&self, diagnostic: Diagnostic, path: &str) -> Diagnostic {
        self.place(diagnostic, path, |entry, itself| match itself && entry.item.as_table().is_none() {
            true => entry.item.span.clone(),
            false => entry.key_span.clone(),
        })
    }

    /// Puts a finding at a key itself.
    #[must_use]
    pub fn locate_key(&self, diagnostic: Diagnostic, path: &str) -> Diagnostic {
        self.place(diagnostic, path, |entry, _| entry.key_span.clone())
    }

    /// A finding about what stands nowhere is about the whole file.
    fn place(&self, diagnostic: Diagnostic, path: &str, span: impl Fn(&Entry, bool) -> Range<usize>) -> Diagnostic {
        let diagnostic = diagnostic.about(path);
        if let Some(place) = self.elsewhere(path) {
            return diagnostic.of(place);
        }
        let mut at = path;
        loop {
            if let Some(entry) = self.entries.get(at) {
                // What is left of the path may be the index of an array's element.
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

    /// The place that a key comes from, if that is not the document: its own, that of a table around
    /// it, or that of something in it where the document has nothing of the kind.
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
    fn a_key_from_elsewhere_is_found_there() {
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
    fn a_file_with_secrets_shows_no_line_that_does_not_parse() {
        let told = Document::parse_with_secrets("x.toml", "key = \"hunter2\nb = 1\n", |_, _| Vec::new());
        let told = told.unwrap_err().to_string();
        assert!(told.contains("x.toml:1:") && !told.contains("hunter2"), "{told}");
    }

    #[test]
    fn a_syntax_error_names_its_line() {
        let shown = Document::parse("x.toml", "a = 1\nb = \n").unwrap_err().to_string();
        assert!(shown.contains("x.toml:2:"), "{shown}");
    }
}
