//! `docs/configuration.md`, written from the schema that the program prints.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use super::root;
use crate::program::Folder;

const INTRODUCTION: &str = "# Configuration

<!-- Generated from `passbridge schema config`: `UPDATE=1 cargo nextest run -E 'test(configuration_page)'` rewrites it. -->

The config is one TOML file. Relative paths in it start at its directory. Every key can also be set by an environment
variable, which wins: `PASSBRIDGE__ROUTES__IOS_APP__UPSTREAM=new` sets `upstream` in `[routes.ios_app]`. An unknown key is an
error. Names in capitals (`NAME`, `HOST`) are yours to choose.
";

/// The page under construction.
struct Page<'s> {
    schema: &'s Value,
    text: String,
}

impl<'s> Page<'s> {
    /// The schema that a reference leads to, without the alternative `null`.
    fn resolve(&self, schema: &'s Value) -> &'s Value {
        let alternatives = schema["anyOf"].as_array().into_iter().flatten().filter(|one| one["type"] != "null");
        let alternatives: Vec<_> = alternatives.collect();
        match (schema["$ref"].as_str().and_then(|target| target.strip_prefix("#/$defs/")), &alternatives[..]) {
            (Some(name), _) => self.resolve(&self.schema["$defs"][name]),
            (None, [only]) => self.resolve(only),
            (None, _) => schema,
        }
    }

    /// The accepted values, as text.
    fn kind(&self, schema: &'s Value) -> String {
        let schema = self.resolve(schema);
        let either = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
        if let Some(alternatives) = either {
            return alternatives.iter().map(|one| self.kind(one)).collect::<Vec<_>>().join(" or ");
        }
        if let Some(word) = schema["const"].as_str() {
            return format!("`\"{word}\"`");
        }
        if schema["pattern"].as_str().is_some_and(|pattern| pattern.contains("env|file")) {
            return "`env:NAME` or `file:PATH`".to_owned();
        }
        let types = schema["type"].as_array().and_then(|types| types.iter().find(|one| *one != "null"));
        match types.unwrap_or(&schema["type"]).as_str().unwrap_or_default() {
            "array" if self.kind(&schema["items"]) == "string" => "list of strings".into(),
            "array" => format!("list of {}", self.kind(&schema["items"])),
            "object" => "table".into(),
            "integer" => format!("integer{}", range(schema)),
            "number" => format!("number{}", range(schema)),
            other => other.to_owned(),
        }
    }

    /// A section for a table, with its keys, then one for each table in it.
    fn section(&mut self, path: &str, description: &Value, schema: &'s Value) {
        let schema = self.table(schema);
        let written = |one: &Value| one.as_str().map(str::to_owned);
        let description = written(description).or_else(|| written(&schema["description"])).unwrap_or_default();
        if let Some(kinds) = schema["oneOf"].as_array().filter(|kinds| kinds[0]["properties"].is_object()) {
            let _ = write!(self.text, "\n## `[{path}]`\n\n{}\n", line(&description));
            for kind in kinds {
                let provider = kind["properties"]["provider"]["const"].as_str();
                let title = provider.map_or("A provider over HTTP".into(), |id| format!("`provider = \"{id}\"`"));
                let _ = write!(self.text, "\n### {title}\n");
                self.keys(path, kind);
            }
        } else if schema["properties"].is_object() {
            let _ = write!(self.text, "\n## `[{path}]`\n\n{}\n", line(&description));
            self.keys(path, schema);
        } else if schema["additionalProperties"].is_object() {
            let values = &schema["additionalProperties"];
            let name = if path == "passthrough" { "HOST" } else { "NAME" };
            self.section(&format!("{path}.{name}"), &Value::String(description), values);
        }
    }

    fn keys(&mut self, path: &str, schema: &'s Value) {
        let required = schema["required"].as_array();
        let is_required = |key: &str| required.is_some_and(|required| required.iter().any(|one| one == key));
        self.text.push_str("\n| key | value | meaning |\n|---|---|---|\n");
        let properties: Vec<_> = schema["properties"].as_object().into_iter().flatten().collect();
        for (key, value) in &properties {
            let mark = if is_required(key) { " (required)" } else { "" };
            let meaning = value["description"].as_str().or(self.resolve(value)["description"].as_str());
            let name = if self.table(value)["properties"].is_object() { "" } else { "name" };
            let link = format!("[table](#{}{key}{name})", path.to_lowercase().replace('.', ""));
            let kind = if self.tables(value) { self.kind(value).replace("table", &link) } else { self.kind(value) };
            let _ = writeln!(self.text, "| `{key}`{mark} | {kind} | {} |", self.meaning(meaning, value));
        }
        for (key, value) in properties {
            if self.tables(value) {
                self.section(&format!("{path}.{key}"), &value["description"], value);
            }
        }
    }

    /// The description, with the default if the description lacks it, and the meaning of each word of an enumeration.
    fn meaning(&self, description: Option<&str>, value: &'s Value) -> String {
        let mut text = line(description.unwrap_or_default());
        if let Some(default) = value.get("default").filter(|default| !default.is_null() && !text.contains("Default")) {
            let _ = write!(text, " Default: `{default}`.");
        }
        for word in self.resolve(value)["oneOf"].as_array().into_iter().flatten() {
            if let (Some(name), Some(meaning)) = (word["const"].as_str(), word["description"].as_str()) {
                let _ = write!(text, "<br>`\"{name}\"`: {}", line(meaning));
            }
        }
        text
    }

    /// The alternative of a value that is a table with keys of its own, else the value.
    fn table(&self, value: &'s Value) -> &'s Value {
        let value = self.resolve(value);
        let alternatives = value["anyOf"].as_array().into_iter().flatten();
        alternatives.map(|one| self.resolve(one)).find(|one| one["properties"].is_object()).unwrap_or(value)
    }

    /// Whether a value is described in a section of its own.
    fn tables(&self, value: &'s Value) -> bool {
        let table = self.table(value);
        let values = &table["additionalProperties"];
        table["properties"].is_object() || values.is_object() && self.tables(values)
    }
}

fn range(schema: &Value) -> String {
    match (&schema["minimum"], &schema["maximum"]) {
        (Value::Number(least), Value::Number(most)) => format!(", {least} to {most}"),
        _ => String::new(),
    }
}

/// A text for a cell of a table.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

#[test]
fn configuration_page_is_current() {
    let ran = Folder::empty().run(&["schema", "config"]);
    let schema: Value = serde_json::from_str(&ran.stdout).unwrap();
    let mut page = Page { schema: &schema, text: INTRODUCTION.to_owned() };
    let (tables, plain): (Vec<_>, Vec<_>) =
        schema["properties"].as_object().unwrap().iter().partition(|(_, value)| value["type"] != "string");
    for (key, value) in plain {
        let _ = write!(page.text, "\n## `{key}`\n\n{}\n", line(value["description"].as_str().unwrap()));
    }
    for (key, value) in tables {
        page.section(key, &value["description"], value);
    }
    let file = root().join("docs/configuration.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(file, page.text).unwrap();
        return;
    }
    let found = fs::read_to_string(file).unwrap();
    assert!(
        found == page.text,
        "docs/configuration.md is stale: run `UPDATE=1 cargo nextest run`, and read the change"
    );
}
