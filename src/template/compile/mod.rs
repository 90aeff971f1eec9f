//! From the tables of a provider file to templates; every mistake with its line and its remedy.
//!
//! The compiler goes on after a mistake, so that one run shows all of them.

use std::ops::Range;
use std::sync::Arc;

use crate::canonical::member::Member;
use crate::canonical::value::Kind;
use crate::diagnostic::{Diagnostic, Diagnostics, Source};
use crate::document::{Entry as TomlEntry, Item, ItemValue, Table};
use crate::template::codec::Codec;
use crate::template::content::{Constant, Entry, List, Node, Object, Place};
use crate::template::encode;
use crate::template::head::{Named, Path};
use crate::template::hole::{self, BadHole, Hole, Pattern};

/// Names of a table that the language keeps for itself.
const EACH: &str = "$each";
const JSON: &str = "$json";
/// An object is read with one bit for each of its names.
const MAX_ENTRIES: usize = 64;

/// One compilation: the file, its way of writing bytes, and what was found wrong so far.
#[derive(Debug)]
pub struct Compiler {
    /// The file.
    pub source: Arc<Source>,
    /// How the provider writes binary values.
    pub bytes: Codec,
    /// What was found.
    pub diagnostics: Diagnostics,
}

/// Where in the message the compiler is.
#[derive(Clone, Copy)]
struct Scope<'p> {
    members: &'static [Member],
    pointer: &'p str,
    in_list: bool,
    in_json: bool,
}

impl Compiler {
    /// Notes a mistake.
    pub fn error(&mut self, span: &Range<usize>, message: impl Into<String>, label: &str, remedy: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(message).at(&self.source, span.clone()).label(label).remedy(remedy));
    }

    fn bad_hole(&mut self, span: &Range<usize>, bad: BadHole) {
        self.error(span, bad.message, "this hole", bad.remedy);
    }

    /// A content template.
    pub fn content(&mut self, table: &Table, members: &'static [Member]) -> Object {
        self.object(table, Scope { members, pointer: "", in_list: false, in_json: false })
    }

    fn object(&mut self, table: &Table, scope: Scope<'_>) -> Object {
        if table.entries.len() > MAX_ENTRIES {
            let message = format!("an object has more than {MAX_ENTRIES} names");
            self.error(&table.span, message, "this table", "nest what belongs together");
        }
        let entries = table.entries.iter().filter(|entry| entry.key != EACH);
        Object { entries: entries.filter_map(|entry| self.entry(entry, scope)).collect() }
    }

    fn entry(&mut self, entry: &TomlEntry, scope: Scope<'_>) -> Option<Entry> {
        if entry.key.starts_with('$') {
            let message = format!("`{}` has no meaning here", entry.key);
            let remedy =
                "`$each` stands in the one table of an array, `$json` alone in a table that is a string of JSON";
            self.error(&entry.key_span, message, "a name of the language", remedy);
            return None;
        }
        let pointer = format!("{}/{}", scope.pointer, entry.key.replace('~', "~0").replace('/', "~1"));
        let node = self.node(&entry.item, Scope { pointer: &pointer, ..scope })?;
        let mut lead = Vec::new();
        encode::string(&entry.key, &mut lead);
        lead.push(b':');
        let lead = String::from_utf8(lead).expect("JSON is written from text");
        Some(Entry { name: entry.key.clone(), lead, pointer, node })
    }

    fn node(&mut self, item: &Item, scope: Scope<'_>) -> Option<Node> {
        match &item.value {
            ItemValue::Text(text) => self.place(text, &item.span, scope),
            ItemValue::Integer(number) => Some(Node::Constant(Constant::Number(*number))),
            ItemValue::Flag(flag) => Some(Node::Constant(Constant::Flag(*flag))),
            ItemValue::Array(items) => self.list(items, &item.span, scope),
            ItemValue::Table(table) => match table.item(JSON) {
                Some(inner) => self.json_text(table, inner, scope),
                None => Some(Node::Object(self.object(table, scope))),
            },
            ItemValue::Other(noun) => {
                let message = format!("a template cannot hold a {noun}");
                self.error(&item.span, message, "this value", "constants are strings, whole numbers and booleans");
                None
            }
        }
    }

    fn place(&mut self, text: &str, span: &Range<usize>, scope: Scope<'_>) -> Option<Node> {
        match Pattern::parse(text, scope.members, self.bytes) {
            Ok(Pattern::Constant(text)) => Some(Node::Constant(Constant::Text(text))),
            Ok(Pattern::Hole { prefix, hole, suffix }) => match hole.member.kind() {
                Kind::List(_) => {
                    let message = format!("`{}` is a list and cannot stand in a string", hole.member.name());
                    let remedy = format!("write `[{{ \"$each\" = \"{text}\", ... }}]`");
                    self.error(span, message, "this hole", remedy);
                    None
                }
                _ if !(prefix.is_empty() && suffix.is_empty()) && hole.member.kind() != Kind::Text => {
                    let message = format!("only text can stand inside other text, and `{}` is not", hole.member.name());
                    self.error(span, message, "this string", "write the hole alone");
                    None
                }
                _ => Some(Node::Hole(Place { prefix, hole, suffix })),
            },
            Err(bad) => {
                self.bad_hole(span, bad);
                None
            }
        }
    }

    fn list(&mut self, items: &[Item], span: &Range<usize>, scope: Scope<'_>) -> Option<Node> {
        let remedy = "write one table: `[{ \"$each\" = \"{allow_credentials}\", id = \"{id!}\" }]`";
        let [Item { value: ItemValue::Table(table), .. }] = items else {
            self.error(span, "an array must hold exactly one table, the form of each element", "this array", remedy);
            return None;
        };
        let Some(each) = table.item(EACH) else {
            self.error(span, "the array does not say which list it holds", "`$each` is missing", remedy);
            return None;
        };
        if scope.in_list {
            self.error(span, "a list cannot stand in the element of a list", "this array", "leave it out");
            return None;
        }
        let parsed = each.as_text().map(|text| Pattern::parse(text, scope.members, self.bytes));
        let hole = match parsed {
            Some(Ok(Pattern::Hole { hole, .. })) => hole,
            Some(Err(bad)) => {
                self.bad_hole(&each.span, bad);
                return None;
            }
            Some(Ok(Pattern::Constant(_))) | None => {
                self.error(
                    &each.span,
                    "`$each` must name a list",
                    "not a hole",
                    "write `{allow_credentials}` or another list",
                );
                return None;
            }
        };
        let Hole { member, need, .. } = hole;
        let Kind::List(members) = member.kind() else {
            let message = format!("`{}` is {}, not a list", member.name(), member.kind().noun());
            self.error(&each.span, message, "this hole", "write it as a string without an array");
            return None;
        };
        let pointer = format!("{}/*", scope.pointer);
        let item = self.object(table, Scope { members, pointer: &pointer, in_list: true, ..scope });
        Some(Node::List(List { member, need, item }))
    }

    fn json_text(&mut self, table: &Table, inner: &Item, scope: Scope<'_>) -> Option<Node> {
        let Some(inner) = inner.as_table().filter(|_| table.entries.len() == 1) else {
            let remedy = "write `{ \"$json\" = { ... } }`, the object that the string holds";
            self.error(&table.span, "`$json` must hold a table and stand alone", "this table", remedy);
            return None;
        };
        if scope.in_json || scope.in_list {
            let message = "JSON in a string cannot stand inside another one, nor in a list";
            self.error(&table.span, message, "this table", "leave `$json` out");
            return None;
        }
        Some(Node::JsonText(self.object(inner, Scope { in_json: true, ..scope })))
    }

    /// Header fields or query parameters.
    pub fn named(&mut self, table: &Table, what: &str, members: &'static [Member]) -> Vec<Named> {
        let mut named = Vec::new();
        for entry in &table.entries {
            let Some(text) = entry.item.as_text() else {
                let message = format!("a {what} must be a string, not {}", entry.item.noun());
                self.error(&entry.item.span, message, "this value", "write it between quotes");
                continue;
            };
            match Pattern::parse(text, members, self.bytes) {
                Ok(Pattern::Hole { hole, .. }) if matches!(hole.member.kind(), Kind::List(_) | Kind::Json) => {
                    let message = format!(
                        "`{}` is {} and cannot stand in a {what}",
                        hole.member.name(),
                        hole.member.kind().noun()
                    );
                    self.error(&entry.item.span, message, "this hole", "put it into the content");
                }
                Ok(pattern) => named.push(Named { name: entry.key.clone(), pattern }),
                Err(bad) => self.bad_hole(&entry.item.span, bad),
            }
        }
        named
    }

    /// A path.
    pub fn path(&mut self, item: &Item, members: &'static [Member]) -> Option<Path> {
        let Some(rest) = item.as_text().and_then(|text| text.strip_prefix('/')) else {
            self.error(
                &item.span,
                "a path must be a string that begins with `/`",
                "this value",
                "write `path = \"/...\"`",
            );
            return None;
        };
        let mut segments = Vec::new();
        for segment in rest.split('/') {
            match Pattern::parse(segment, members, self.bytes) {
                Ok(pattern) => segments.push(pattern),
                Err(bad) => self.bad_hole(&item.span, bad),
            }
        }
        Some(Path { segments })
    }

    /// A member named by a key, with a diagnostic where there is none of that name.
    pub fn member(&mut self, name: &str, span: &Range<usize>, members: &'static [Member]) -> Option<Member> {
        hole::member(name, members).map_err(|bad| self.bad_hole(span, bad)).ok()
    }
}
