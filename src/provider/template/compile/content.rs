//! Content templates: a table is an object, an array of one table a list, a string a hole or itself.

use std::ops::Range;

use crate::base::document::{Entry as TomlEntry, Item, ItemValue, Table};
use crate::model::member::Member;
use crate::model::value::Kind;
use crate::provider::template::compile::Compiler;
use crate::provider::template::content::{Constant, Entry, List, Node, Object, Place};
use crate::provider::template::encode;
use crate::provider::template::hole::{Hole, Need, Pattern};

/// Names of a table that the language keeps for itself.
const EACH: &str = "$each";
const JSON: &str = "$json";
/// An object is read with one bit for each of its names.
const MAX_ENTRIES: usize = 64;
const LIST_EXAMPLE: &str = "write one table: `[{ \"$each\" = \"{allow_credentials}\", id = \"{id!}\" }]`";

/// Where in the message the compiler is.
#[derive(Clone, Copy)]
struct Scope<'p> {
    members: &'static [Member],
    pointer: &'p str,
    in_list: bool,
    in_json: bool,
}

impl Compiler {
    /// A content template.
    pub fn content(&mut self, table: &Table, members: &'static [Member]) -> Object {
        let object = self.object(table, Scope { members, pointer: "", in_list: false, in_json: false });
        let mut lists = Vec::new();
        for member in object.members().into_iter().filter(|member| matches!(member.kind(), Kind::List(_))) {
            if lists.contains(&member) {
                let message = format!("`{}` stands in two arrays", member.name());
                self.error(&table.span, message, "in this table", "take one of them out: its elements would be mixed");
            }
            lists.push(member);
        }
        object
    }

    fn object(&mut self, table: &Table, scope: Scope<'_>) -> Object {
        let entries: Vec<_> = table.entries.iter().filter(|entry| entry.key != EACH).collect();
        if entries.len() > MAX_ENTRIES {
            let message = format!("an object has more than {MAX_ENTRIES} names");
            self.error(&table.span, message, "this table", "nest what belongs together");
        }
        Object { entries: entries.into_iter().take(MAX_ENTRIES).filter_map(|entry| self.entry(entry, scope)).collect() }
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
        if let Node::Constant(constant) = &node {
            encode::constant(constant, &mut lead);
        }
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
            ItemValue::Float(_) | ItemValue::Other(_) => {
                let message = format!("a template cannot hold a {}", item.noun());
                self.error(&item.span, message, "this value", "constants are strings, whole numbers and booleans");
                None
            }
        }
    }

    fn place(&mut self, text: &str, span: &Range<usize>, scope: Scope<'_>) -> Option<Node> {
        let (prefix, hole, suffix) = match self.pattern(text, span, scope.members)? {
            Pattern::Constant(text) => return Some(Node::Constant(Constant::Text(text))),
            Pattern::Hole { prefix, hole, suffix } => (prefix, hole, suffix),
        };
        let (name, kind) = (hole.member.name(), hole.member.kind());
        let is_alone = prefix.is_empty() && suffix.is_empty();
        let (message, remedy) = match kind {
            Kind::List(_) => {
                let remedy = format!("write `[{{ \"$each\" = \"{text}\", ... }}]`");
                (format!("`{name}` is a list and cannot stand in a string"), remedy)
            }
            Kind::Number | Kind::Flag if hole.need == Need::Blank => {
                let message = format!("nothing stands for an absent `{name}`, which is {}", kind.noun());
                (message, format!("write `{{{name}}}` to leave it out, or `{{{name}~}}` for null"))
            }
            Kind::Bytes | Kind::Number | Kind::Flag | Kind::Texts | Kind::Json if !is_alone => {
                let message = format!("only text can stand inside other text, and `{name}` is not");
                (message, "write the hole alone".to_owned())
            }
            Kind::Text | Kind::Bytes | Kind::Number | Kind::Flag | Kind::Texts | Kind::Json => {
                return Some(Node::Hole(Place { prefix, hole, suffix }));
            }
        };
        self.error(span, message, "this hole", remedy);
        None
    }

    fn list(&mut self, items: &[Item], span: &Range<usize>, scope: Scope<'_>) -> Option<Node> {
        let [Item { value: ItemValue::Table(table), .. }] = items else {
            let message = "an array must hold exactly one table, the form of each element";
            self.error(span, message, "this array", LIST_EXAMPLE);
            return None;
        };
        if scope.in_list {
            let remedy =
                "write a list of texts as one hole, `\"{transports}\"`; a list of tables cannot be carried here";
            self.error(span, "a list cannot stand in the element of a list", "this array", remedy);
            return None;
        }
        let Hole { member, need, .. } = self.each(table, span, scope)?;
        let Kind::List(members) = member.kind() else {
            let message = format!("`{}` is {}, not a list", member.name(), member.kind().noun());
            self.error(span, message, "this array", "write the hole as a string without an array");
            return None;
        };
        let pointer = format!("{}/*", scope.pointer);
        let item = self.object(table, Scope { members, pointer: &pointer, in_list: true, ..scope });
        Some(Node::List(List { member, need, item }))
    }

    /// The hole that says which list it is.
    fn each(&mut self, table: &Table, span: &Range<usize>, scope: Scope<'_>) -> Option<Hole> {
        let Some(each) = table.item(EACH) else {
            self.error(span, "the array does not say which list it holds", "`$each` is missing", LIST_EXAMPLE);
            return None;
        };
        let pattern = match each.as_text() {
            Some(text) => self.pattern(text, &each.span, scope.members)?,
            None => Pattern::Constant(String::new()),
        };
        if pattern.hole().is_none() {
            let remedy = "write `{allow_credentials}` or another list";
            self.error(&each.span, "`$each` must name a list", "not a hole", remedy);
        }
        pattern.hole()
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
}
