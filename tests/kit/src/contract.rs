//! Validation of messages against the providers' schemas.
//!
//! Formats are asserted, and JSON inside a string is validated against its own schema.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use jsonschema::Validator;
use serde_json::Value;

use super::ROOT;
use super::message::{Request, Response};
use super::provider::Provider;

/// A compiled schema.
struct Contract {
    message: Validator,
    /// The schemas of JSON inside strings, by the name of the content's member.
    within: Vec<(String, Validator)>,
}

static CONTRACTS: LazyLock<Mutex<HashMap<String, &'static Contract>>> = LazyLock::new(Mutex::default);

/// The schema violations of a request.
pub fn request_violations(provider: Provider, operation: &str, request: &Request) -> Vec<String> {
    match request.as_object() {
        Ok(object) => violations(provider, &format!("{operation}.request"), &object),
        Err(error) => vec![format!("the content of {operation} is not JSON: {error}")],
    }
}

/// The schema violations of a response; `fault` is the schema of every refusal.
pub fn response_violations(provider: Provider, schema: &str, response: &Response) -> Vec<String> {
    match response.as_object() {
        Ok(object) => violations(provider, schema, &object),
        Err(error) => vec![format!("the content is not JSON: {error}")],
    }
}

/// Asserts that the gateway answered as the dialect's provider documents it.
#[track_caller]
pub fn check_response(dialect: Provider, operation: &str, response: &Response) {
    let violations = response_violations(dialect, &format!("{operation}.response"), response);
    assert!(violations.is_empty(), "{}: {violations:#?}\n{response:?}", dialect.id());
}

/// Asserts that the gateway refused in the envelope that the dialect's provider documents.
#[track_caller]
pub fn check_fault(dialect: Provider, response: &Response) {
    let violations = response_violations(dialect, "fault", response);
    assert!(violations.is_empty(), "{}: {violations:#?}\n{response:?}", dialect.id());
}

fn violations(provider: Provider, schema: &str, object: &Value) -> Vec<String> {
    let contract = contract(&format!("{}/{schema}", provider.id()));
    let describe = |error: jsonschema::ValidationError<'_>| format!("{schema} {}: {error}", error.instance_path());
    let mut found: Vec<_> = contract.message.iter_errors(object).map(describe).collect();
    for (name, inner) in &contract.within {
        let Some(text) = object["content"][name].as_str() else { continue };
        match serde_json::from_str(text) {
            Ok(value) => found.extend(inner.iter_errors(&value).map(describe)),
            Err(error) => found.push(format!("{schema} {name}: {error}")),
        }
    }
    found
}

fn contract(name: &str) -> &'static Contract {
    let mut contracts = CONTRACTS.lock().unwrap();
    contracts.entry(name.to_owned()).or_insert_with(|| Box::leak(Box::new(read(name))))
}

fn read(name: &str) -> Contract {
    let file = format!("{ROOT}/schemas/{name}.json");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let schema: Value = serde_json::from_str(&text).unwrap();
    let members = schema.pointer("/properties/content/properties").and_then(Value::as_object);
    let within = members
        .into_iter()
        .flatten()
        .filter_map(|(member, schema)| Some((member.clone(), compile(schema.get("contentSchema")?))))
        .collect();
    Contract { message: compile(&schema), within }
}

fn compile(schema: &Value) -> Validator {
    jsonschema::options().should_validate_formats(true).build(schema).unwrap()
}
