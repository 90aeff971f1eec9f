//! The accepted values of a key by the schema of the config: as a phrase, and an example.

use figment::value::{Dict, Value};
use serde_json::{Map, Value as Json};

use crate::base::similar_name::nearest;

/// Arrays and tables in an example are shown this deep.
const EXAMPLE_DEPTH: usize = 2;

/// The part of a schema that is about one value.
#[derive(Clone, Copy)]
pub(super) struct Expected<'s> {
    schema: &'s Json,
    node: &'s Json,
    /// The value in the config, where there is one: it decides which of several schemas of a table applies.
    value: Option<&'s Value>,
}

impl<'s> Expected<'s> {
    /// What a schema says about the value at a path of the config; about the whole config for an empty path.
    pub(super) fn find(schema: &'s Json, config: &'s Value, path: &[&str]) -> Option<Self> {
        let whole = Self { schema, node: schema, value: Some(config) };
        path.iter().try_fold(whole, |expected, key| expected.child(key))
    }

    fn child(self, key: &str) -> Option<Self> {
        let value = self.value.and_then(|value| match value {
            Value::Dict(_, dict) => dict.get(key),
            Value::Array(_, items) => items.get(key.parse::<usize>().ok()?),
            _ => None,
        });
        let node = self.alternatives().into_iter().find_map(|node| {
            let property = || node["properties"].get(key);
            let additional = || node.get("additionalProperties").filter(|schema| schema.is_object());
            property().or_else(additional).or_else(|| node.get("items"))
        })?;
        Some(Self { node, value, ..self })
    }

    /// The schemas of which the value matches one. For a table these are the ones with its constants and most of its
    /// keys.
    fn alternatives(self) -> Vec<&'s Json> {
        let mut alternatives = Vec::new();
        self.collect(self.node, &mut alternatives);
        if let Some(Value::Dict(_, table)) = self.value {
            alternatives.retain(|node| may_apply(node, table));
            let known = |node: &Json| table.keys().filter(|key| !node["properties"][key].is_null()).count();
            let most = alternatives.iter().map(|node| known(node)).max();
            alternatives.retain(|node| Some(known(node)) == most);
        }
        alternatives
    }

    fn collect(self, node: &'s Json, alternatives: &mut Vec<&'s Json>) {
        let node = self.resolve(node);
        match node.get("anyOf").or_else(|| node.get("oneOf")).and_then(Json::as_array) {
            Some(nodes) if !node["title"].is_string() => nodes.iter().for_each(|node| self.collect(node, alternatives)),
            _ if node["type"] == "null" => {}
            _ => alternatives.push(node),
        }
    }

    fn resolve(self, node: &'s Json) -> &'s Json {
        let name = node["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/"));
        name.and_then(|name| self.schema["$defs"].get(name)).unwrap_or(node)
    }

    /// The keys of a table.
    pub(super) fn keys(self) -> Vec<&'s str> {
        let keys = self.alternatives().into_iter().filter_map(|node| node["properties"].as_object());
        let mut known = Vec::new();
        for key in keys.flat_map(Map::keys).map(String::as_str) {
            if !known.contains(&key) {
                known.push(key);
            }
        }
        known
    }

    /// The accepted values, as in "must be ...".
    pub(super) fn phrase(self) -> String {
        let alternatives = self.alternatives();
        if alternatives.len() > 1 && alternatives.iter().all(|node| type_of(node) == "object") {
            return "a table".to_owned();
        }
        let phrases: Vec<_> = alternatives.iter().map(|node| self.phrase_of(node)).collect();
        match phrases.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, first)) => {
                let comma = if alternatives.iter().all(|node| node.get("const").is_some()) { "" } else { "," };
                format!("{}{comma} or {last}", first.join(", "))
            }
            None => "absent".to_owned(),
        }
    }

    fn phrase_of(self, node: &'s Json) -> String {
        if let Some(title) = node["title"].as_str() {
            return title.to_owned();
        }
        if let Some(only) = node.get("const") {
            return only.to_string();
        }
        match type_of(node) {
            "string" => "a string".to_owned(),
            "boolean" => "true or false".to_owned(),
            "array" => match (Self { node: &node["items"], value: None, ..self }).phrase().as_str() {
                "a string" => "an array of strings".to_owned(),
                phrase => format!("an array of {phrase}"),
            },
            "object" => match required(node).map(|key| format!("`{key}`")).collect::<Vec<_>>().as_slice() {
                [] => "a table".to_owned(),
                keys => format!("a table with {}", keys.join(", ")),
            },
            number => {
                let noun = if number == "integer" { "an integer" } else { "a number" };
                match (&node["minimum"], &node["maximum"]) {
                    (Json::Number(least), Json::Number(most)) => format!("{noun} from {least} to {most}"),
                    (Json::Number(least), _) => format!("{noun} of at least {least}"),
                    _ => noun.to_owned(),
                }
            }
        }
    }

    /// A value to write, in TOML.
    pub(super) fn example(self) -> String {
        toml(&self.value_of(true), EXAMPLE_DEPTH)
    }

    /// What to write at a path: an example, or the keys of a table.
    pub(super) fn remedy(self, path: &[&str]) -> String {
        let table = path.join(".");
        let name = match path {
            // The host may be what is wrong.
            ["passthrough", _] => "\"HOST\"".to_owned(),
            _ => key(path.last().copied().unwrap_or_default()),
        };
        let alternatives = self.alternatives();
        let is_table = alternatives.iter().all(|node| type_of(node) == "object");
        match self.keys().as_slice() {
            keys @ [first, ..] if is_table => {
                let first = alternatives.iter().flat_map(|node| required(node)).next().unwrap_or(first);
                let example = self.child(first).map_or_else(|| "...".to_owned(), Self::example);
                let keys = keys.join(", ");
                format!("write a table `[{table}]` with keys such as `{first} = {example}`; its keys are: {keys}")
            }
            [] if is_table && self.child("NAME").is_some_and(|table| !table.keys().is_empty()) => {
                format!("write tables `[{table}.NAME]`")
            }
            _ if name.bytes().all(|byte| byte.is_ascii_digit()) => format!("for example: `{}`", self.example()),
            _ => format!("for example: `{name} = {}`", self.example()),
        }
    }

    /// A value that can be read in place of one that is missing or cannot be used.
    pub(super) fn stand_in(self) -> Option<Value> {
        Value::serialize(self.value_of(false)).ok()
    }

    /// An example; in `full`, strings, arrays and tables are not empty.
    fn value_of(self, full: bool) -> Json {
        let is_constant = |node: &Json| node.get("const").is_some();
        let alternatives = self.alternatives();
        let with_example = alternatives.iter().find(|node| node.get("examples").is_some());
        let longer = || alternatives.iter().find(|node| !is_constant(node));
        let Some(node) = with_example.or_else(longer).or(alternatives.first()) else { return Json::Null };
        let of = |node| Self { node, value: None, ..self }.value_of(full);
        let is_empty = |given: &Json| matches!(given.to_string().as_str(), "null" | "[]" | "{}" | "\"\"");
        let given = [node["examples"].get(0), node.get("const"), self.node.get("default"), node.get("default")];
        if let Some(given) = given.into_iter().flatten().find(|given| !is_empty(given)) {
            return given.clone();
        }
        match type_of(node) {
            "string" => Json::from(if full { "..." } else { "" }),
            "boolean" => Json::from(true),
            "array" if full => Json::from(vec![of(&node["items"])]),
            "array" => Json::Array(Vec::new()),
            "object" if full && node["additionalProperties"].is_object() => {
                Json::Object(Map::from_iter([("NAME".to_owned(), of(&node["additionalProperties"]))]))
            }
            "object" => required(node).map(|key| (key.to_owned(), of(&node["properties"][key]))).collect(),
            _ => node.get("minimum").cloned().unwrap_or(Json::from(1)),
        }
    }
}

/// Whether the constants of a table's schema are, perhaps mistyped, those of the table.
fn may_apply(node: &Json, table: &Dict) -> bool {
    let Some(properties) = node["properties"].as_object() else { return true };
    properties.iter().all(|(key, schema)| {
        let Some(text) = table.get(key).and_then(Value::as_str) else { return true };
        let is_meant = |constant: &Json| constant.as_str().is_some_and(|one| nearest(text, [one]).is_some());
        schema.get("const").is_none_or(is_meant) && !schema.pointer("/not/const").is_some_and(is_meant)
    })
}

fn type_of(node: &Json) -> &str {
    let first = || node["type"].as_array()?.iter().find(|name| *name != "null")?.as_str();
    node["type"].as_str().or_else(first).unwrap_or("object")
}

fn required(node: &Json) -> impl Iterator<Item = &str> {
    node["required"].as_array().into_iter().flatten().filter_map(Json::as_str)
}

/// A key as it is written in TOML.
fn key(name: &str) -> String {
    match name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
        true => name.to_owned(),
        false => format!("\"{name}\""),
    }
}

/// A value as it is written in TOML, without line breaks.
fn toml(value: &Json, depth: usize) -> String {
    match value {
        Json::Object(table) if table.is_empty() || depth == 0 => "{ ... }".to_owned(),
        Json::Object(table) => {
            let entries: Vec<_> =
                table.iter().map(|(key, value)| format!("{key} = {}", toml(value, depth - 1))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Json::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| toml(item, depth.saturating_sub(1))).collect();
            format!("[{}]", items.join(", "))
        }
        value => value.to_string(),
    }
}
