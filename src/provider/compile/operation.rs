//! The operations of a provider file: `[login.begin]` and so on, each a request and a response.
//!
//! An operation with an error is left out, and the error is reported.

use std::collections::BTreeMap;
use std::ops::Range;

use http::{Method, StatusCode};

use crate::base::document::{Entry, Item, ItemValue, Table};
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::provider::compile::{keys, message};
use crate::provider::descriptor::OperationTemplate;
use crate::provider::template::compile::Compiler;
use crate::provider::template::message::{Caller, RequestTemplate, ResponseTemplate};

const OPERATION_KEYS: &[&str] = &["request", "response", "unknown"];
const REQUEST_KEYS: &[&str] = &["method", "path", "caller", "fields", "query", "content", "also", "omits"];
const RESPONSE_KEYS: &[&str] = &["status", "fields", "content", "also", "omits"];

/// Every operation of the file.
pub(super) fn all(compiler: &mut Compiler, root: &Table) -> BTreeMap<Operation, OperationTemplate> {
    let mut operations = BTreeMap::new();
    for operation in Operation::ALL {
        let (ceremony, leg) = operation.name().split_once('.').expect("an operation's name has two parts");
        let entry = root.item(ceremony).and_then(Item::as_table).and_then(|table| table.entry(leg));
        if let Some(template) = entry.and_then(|entry| one(compiler, operation, entry)) {
            operations.insert(operation, template);
        }
    }
    unknown_operations(compiler, root);
    operations
}

/// Reports unknown operations.
fn unknown_operations(compiler: &mut Compiler, root: &Table) {
    for ceremony in ["login", "registration", "signup", "session", "credentials"] {
        let Some(table) = keys::table(compiler, root, ceremony) else { continue };
        for entry in &table.entries {
            let name = format!("{ceremony}.{}", entry.key);
            if Operation::named(&name).is_none() {
                let names = Operation::ALL.map(Operation::name);
                let remedy = format!("the operations are: {}", names.join(", "));
                compiler.error(&entry.key_span, format!("unknown operation `{name}`"), "this key", remedy);
            }
        }
    }
}

fn one(compiler: &mut Compiler, operation: Operation, entry: &Entry) -> Option<OperationTemplate> {
    let name = operation.name();
    let Some(table) = entry.item.as_table() else {
        let remedy = format!("write `[{name}.request]` and `[{name}.response]`");
        compiler.error(&entry.item.span, "an operation must be a table", entry.item.noun(), remedy);
        return None;
    };
    keys::known(compiler, table, OPERATION_KEYS);
    let unknown = keys::texts(compiler, table, "unknown");
    let request = half(compiler, table, "request", operation, entry);
    let response = half(compiler, table, "response", operation, entry);
    let request = request.and_then(|(table, key)| self::request(compiler, table, operation, key));
    let response = response.map(|(table, key)| self::response(compiler, table, operation, key));
    Some(OperationTemplate { request: request?, response: response?, unknown })
}

fn half<'t>(
    compiler: &mut Compiler,
    table: &'t Table,
    key: &str,
    operation: Operation,
    entry: &Entry,
) -> Option<(&'t Table, &'t Range<usize>)> {
    let Some(half) = table.entry(key) else {
        let message = format!("`{}` has no {key}", operation.name());
        let remedy = format!("write `[{}.{key}]`", operation.name());
        compiler.error(&entry.key_span, message, "this operation", remedy);
        return None;
    };
    keys::table(compiler, table, key).map(|table| (table, &half.key_span))
}

fn request(
    compiler: &mut Compiler,
    table: &Table,
    operation: Operation,
    key: &Range<usize>,
) -> Option<RequestTemplate> {
    keys::known(compiler, table, REQUEST_KEYS);
    let method = table.item("method").and_then(Item::as_text).and_then(|text| Method::from_bytes(text.as_bytes()).ok());
    if method.is_none() {
        let span = table.item("method").map_or(key, |item| &item.span);
        compiler.error(
            span,
            "`method` is missing or not valid",
            "this request",
            "write `method = \"POST\"` or another method",
        );
    }
    let path = match table.item("path") {
        Some(item) => compiler.path(item, operation.members(Direction::Request)),
        None => {
            compiler.error(key, "`path` is missing", "this request", "write `path = \"/...\"`");
            None
        }
    };
    let caller = caller(compiler, table, key);
    let message_key = message::MessageKey { operation, direction: Direction::Request, key };
    let message = message::compile(compiler, table, message_key, path.as_ref());
    let request = RequestTemplate { method: method?, path: path?, caller: caller?, message };
    known_caller(compiler, &request, key);
    Some(request)
}

fn caller(compiler: &mut Compiler, table: &Table, key: &Range<usize>) -> Option<Caller> {
    let item = table.item("caller");
    let found =
        item.and_then(Item::as_text).and_then(|text| Caller::ALL.into_iter().find(|caller| caller.name() == text));
    if found.is_none() {
        let remedy = "write `caller = \"open\"`, \"key\", \"client\" or \"user\"";
        match item {
            Some(item) => compiler.error(&item.span, "unknown kind of caller", "this value", remedy),
            None => compiler.error(key, "`caller` is missing", "this request", remedy),
        }
    }
    found
}

/// The request must have the member that identifies its caller.
fn known_caller(compiler: &mut Compiler, request: &RequestTemplate, key: &Range<usize>) {
    let Some(credential) = request.caller.credential() else { return };
    if request.carried().iter().any(|(member, _)| *member == credential) {
        return;
    }
    let (kind, name) = (request.caller.name(), credential.name());
    let message = format!("`caller = \"{kind}\"` requires `{name}`, which the request does not have");
    let remedy = format!("add `{{{name}!}}` to the request, or change `caller`");
    compiler.error(key, message, "this request", remedy);
}

fn response(compiler: &mut Compiler, table: &Table, operation: Operation, key: &Range<usize>) -> ResponseTemplate {
    keys::known(compiler, table, RESPONSE_KEYS);
    let status = match table.item("status") {
        None => StatusCode::OK,
        Some(Item { value: ItemValue::Integer(number @ 200..=299), .. }) => {
            u16::try_from(*number).ok().and_then(|number| StatusCode::from_u16(number).ok()).unwrap_or(StatusCode::OK)
        }
        Some(item) => {
            compiler.error(
                &item.span,
                "`status` must be a number from 200 to 299",
                "this value",
                "write a status from 200 to 299; without the key, it is 200",
            );
            StatusCode::OK
        }
    };
    let message_key = message::MessageKey { operation, direction: Direction::Response, key };
    let message = message::compile(compiler, table, message_key, None);
    if operation.is_begin() && !message.carried().iter().any(|(member, _)| *member == Member::Challenge) {
        let message = format!("the response of `{}` has no challenge", operation.name());
        compiler.error(key, message, "this response", "add `{challenge!}` to its content");
    }
    ResponseTemplate { status, message }
}
