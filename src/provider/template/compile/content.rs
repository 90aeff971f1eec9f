//! Content templates: a table is an object, an array of one table is a list, a string is a placeholder or a constant.

use std::ops::Range;

use crate::base::document::{Entry as TomlEntry, Item, ItemValue, Table};
use crate::model::member::Member;
use crate::model::value::ValueKind;
use crate::provider::template::compile::Compiler;
use crate::provider::template::content::{Constant, EmbeddedPlaceholder, Entry, List, Node, Object};
use crate::provider::template::encode;
use crate::provider::template::placeholder::{Need, Pattern, Placeholder};

/// Reserved keys.
const EACH: &str = "$each";
const JSON: &str = "$json";
/// The decoder uses one bit for each name of an object.
const MAX_ENTRIES: usize = 64;
const LIST_EXAMPLE: &str = "write one table: `[{ \"$each\" = \"{allow_credentials}\", id = \"{id!}\" }]`";

/// The current place in the message.
#[derive(Clone, Copy)]
struct Scope<'p> {
    members: &'static [Member],
    pointer: &'p str,
    in_list: bool,
    in_json: bool,
}

impl Compiler {
    /// Compiles a content template.
    pub fn content(&mut self, table: &Table, members: &'static [Member]) -> Object {
        let object = self.object(table, Scope { members, pointer: "", in_list: false, in_json: false });
        let mut lists = Vec::new();
        for member in object.members().into_iter().filter(|member| matches!(member.kind(), ValueKind::List)) {
            if lists.contains(&member) {
                let message = format!("two arrays hold `{}`", member.name());
                self.error(&table.span, message, "in this table", "remove one of them: their elements would be mixed");
            }
            lists.push(member);
        }
        object
    }

    fn object(&mut self, table: &Table, scope: Scope<'_>) -> Object {
        let entries: Vec<_> = table.entries.iter().filter(|entry| entry.key != EACH).collect();
        if entries.len() > MAX_ENTRIES {
            let message = format!("an object has more than {MAX_ENTRIES} names");
            self.error(&table.span, message, "this table", "group related names in nested objects");
        }
        Object { entries: entries.into_iter().take(MAX_ENTRIES).filter_map(|entry| self.entry(entry, scope)).collect() }
    }

    fn entry(&mut self, entry: &TomlEntry, scope: Scope<'_>) -> Option<Entry> {
        if entry.key.starts_with('$') {
            let message = format!("unknown key `{}`", entry.key);
            let remedy = "the reserved keys are `$each`, in the table of an array, and `$json`, as the only key of a table that is encoded as a JSON string";
            self.error(&entry.key_span, message, "reserved for the template language", remedy);
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
            ItemValue::Text(text) => self.text(text, &item.span, scope),
            ItemValue::Integer(number) => Some(Node::Constant(Constant::Number(*number))),
            ItemValue::Flag(flag) => Some(Node::Constant(Constant::Flag(*flag))),
            ItemValue::Array(items) => self.list(items, &item.span, scope),
            ItemValue::Table(table) => match table.item(JSON) {
                Some(inner) => self.json_text(table, inner, scope),
                None => Some(Node::Object(self.object(table, scope))),
            },
            ItemValue::Float(_) | ItemValue::Other(_) => {
                let message = format!("a template cannot contain a {}", item.noun());
                self.error(&item.span, message, "this value", "constants are strings, whole numbers and booleans");
                None
            }
        }
    }

    fn text(&mut self, text: &str, span: &Range<usize>, scope: Scope<'_>) -> Option<Node> {
        let (prefix, placeholder, suffix) = match self.pattern(text, span, scope.members)? {
            Pattern::Constant(text) => return Some(Node::Constant(Constant::Text(text))),
            Pattern::Placeholder { prefix, placeholder, suffix } => (prefix, placeholder, suffix),
        };
        let (name, kind) = (placeholder.member.name(), placeholder.member.kind());
        let is_alone = prefix.is_empty() && suffix.is_empty();
        let (message, remedy) = match kind {
            ValueKind::List => {
                let remedy = format!("write `[{{ \"$each\" = \"{text}\", ... }}]`");
                (format!("`{name}` is a list and cannot be part of a string"), remedy)
            }
            ValueKind::Number | ValueKind::Flag if placeholder.need == Need::Blank => {
                let message = format!("`{name}` is {} and cannot be written as `\"\"` or `[]`", kind.noun());
                (message, format!("write `{{{name}}}` to leave it out, or `{{{name}~}}` for null"))
            }
            ValueKind::Bytes | ValueKind::Number | ValueKind::Flag | ValueKind::Texts | ValueKind::Json
                if !is_alone =>
            {
                let message = format!("`{name}` is {} and cannot be part of a longer text", kind.noun());
                (message, "write the placeholder without text around it".to_owned())
            }
            ValueKind::Text
            | ValueKind::Bytes
            | ValueKind::Number
            | ValueKind::Flag
            | ValueKind::Texts
            | ValueKind::Json => {
                return Some(Node::Placeholder(EmbeddedPlaceholder { prefix, placeholder, suffix }));
            }
        };
        self.error(span, message, "this placeholder", remedy);
        None
    }

    fn list(&mut self, items: &[Item], span: &Range<usize>, scope: Scope<'_>) -> Option<Node> {
        let [Item { value: ItemValue::Table(table), .. }] = items else {
            let message = "an array must have exactly one table, the template of its elements";
            self.error(span, message, "this array", LIST_EXAMPLE);
            return None;
        };
        if scope.in_list {
            let remedy = "write a list of strings as one placeholder, `\"{transports}\"`; nested lists of tables are not supported";
            self.error(span, "a list cannot be nested in a list", "this array", remedy);
            return None;
        }
        let Placeholder { member, need, .. } = self.each(table, span, scope)?;
        if member.kind() != ValueKind::List {
            let message = format!("`{}` is {}, not a list", member.name(), member.kind().noun());
            self.error(span, message, "this array", "write the placeholder as a string, without an array");
            return None;
        }
        let (pointer, members) = (format!("{}/*", scope.pointer), member.element_members());
        let item = self.object(table, Scope { members, pointer: &pointer, in_list: true, ..scope });
        Some(Node::List(List { member, need, item }))
    }

    /// The placeholder of the list.
    fn each(&mut self, table: &Table, span: &Range<usize>, scope: Scope<'_>) -> Option<Placeholder> {
        let Some(each) = table.item(EACH) else {
            self.error(span, "the array has no `$each`", "`$each` is missing", LIST_EXAMPLE);
            return None;
        };
        let pattern = match each.as_text() {
            Some(text) => self.pattern(text, &each.span, scope.members)?,
            None => Pattern::Constant(String::new()),
        };
        if pattern.placeholder().is_none() {
            let remedy = "write `{allow_credentials}` or another list";
            self.error(&each.span, "`$each` must name a list", "not a placeholder", remedy);
        }
        pattern.placeholder()
    }

    fn json_text(&mut self, table: &Table, inner: &Item, scope: Scope<'_>) -> Option<Node> {
        let Some(inner) = inner.as_table().filter(|_| table.entries.len() == 1) else {
            let remedy = "write `{ \"$json\" = { ... } }` with the members of the JSON object inside";
            self.error(
                &table.span,
                "`$json` must be the only key of its table, and its value must be a table",
                "this table",
                remedy,
            );
            return None;
        };
        if scope.in_json || scope.in_list {
            let message = "`$json` cannot be nested in another `$json` or in a list";
            self.error(&table.span, message, "this table", "remove `$json`");
            return None;
        }
        Some(Node::JsonText(self.object(inner, Scope { in_json: true, ..scope })))
    }
}
