//! Validation against the schemas: formats are asserted, and JSON in a string is validated too.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::Value;

use crate::expectations;

/// The schema of a message, and of each string of its content that holds JSON.
struct Schema {
    message: Validator,
    inner: Vec<(String, Validator)>,
}

static SCHEMAS: LazyLock<Mutex<HashMap<String, Arc<Schema>>>> = LazyLock::new(Mutex::default);

/// The violations of a message (method, path, query, status, fields, content as one object).
pub(crate) fn findings(provider: &str, name: &str, message: &Value) -> Vec<String> {
    let key = format!("{provider}/{name}");
    let schema = SCHEMAS.lock().unwrap().entry(key.clone()).or_insert_with(|| Arc::new(load(&key))).clone();
    let mut findings = validate(&schema.message, message);
    for (name, inner) in &schema.inner {
        if let Some(Value::String(text)) = message["content"].get(name) {
            match serde_json::from_str(text) {
                Ok(value) => findings.extend(validate(inner, &value)),
                Err(error) => findings.push(format!("{name}: {error}")),
            }
        }
    }
    findings
}

fn load(key: &str) -> Schema {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = expectations::SCHEMAS.iter().map(|folder| root.join(folder).join(format!("{key}.json")));
    let file = files.find(|file| file.exists()).unwrap_or_else(|| panic!("{key} has no schema"));
    let text = fs::read_to_string(&file).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let build = |schema: &Value| jsonschema::options().should_validate_formats(true).build(schema).unwrap();
    let properties = schema.pointer("/properties/content/properties").and_then(Value::as_object);
    let inner = properties
        .into_iter()
        .flatten()
        .filter_map(|(name, property)| property.get("contentSchema").map(|inner| (name.clone(), build(inner))));
    Schema { message: build(&schema), inner: inner.collect() }
}

fn validate(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}
