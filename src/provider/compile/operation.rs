//! The operations of a provider file: `[login.begin]` and so on, each a request and a response.
//!
//! An operation of which a half is missing or unusable is left out, with the reason noted.

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
    strangers(compiler, root);
    operations
}

/// What stands beside the operations and is none.
fn strangers(compiler: &mut Compiler, root: &Table) {
    for ceremony in ["login", "registration", "signup", "session", "credentials"] {
        let Some(table) = keys::table(compiler, root, ceremony) else { continue };
        for entry in &table.entries {
            let name = format!("{ceremony}.{}", entry.key);
            if Operation::named(&name).is_none() {
                let names = Operation::ALL.map(Operation::name);
                let remedy = format!("the operations are: {}", names.join(", "));
                compiler.error(&entry.key_span, format!("there is no operation `{name}`"), "unknown operation", remedy);
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
        compiler.error(span, "the request has no valid method", "here", "write `method = \"POST\"` or another method");
    }
    let path = match table.item("path") {
        Some(item) => compiler.path(item, operation.members(Direction::Request)),
        None => {
            compiler.error(key, "the request has no path", "this request", "write `path = \"/...\"`");
            None
        }
    };
    let caller = caller(compiler, table, key);
    let place = message::Place { operation, direction: Direction::Request, key };
    let message = message::compile(compiler, table, place, path.as_ref());
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
            Some(item) => compiler.error(&item.span, "this is no kind of caller", "this value", remedy),
            None => compiler.error(key, "the request does not say who makes it", "this request", remedy),
        }
    }
    found
}

/// The caller must be known by a member of the request.
fn known_caller(compiler: &mut Compiler, request: &RequestTemplate, key: &Range<usize>) {
    let Some(credential) = request.caller.credential() else { return };
    if request.carried().iter().any(|(member, _)| *member == credential) {
        return;
    }
    let (kind, name) = (request.caller.name(), credential.name());
    let message = format!("a caller of the kind `{kind}` is known by `{name}`, which the request has not");
    let remedy = format!("put `{{{name}!}}` into it, or change `caller`");
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
            compiler.error(&item.span, "this is no status of success", "this value", "write a number from 200 to 299");
            StatusCode::OK
        }
    };
    let place = message::Place { operation, direction: Direction::Response, key };
    let message = message::compile(compiler, table, place, None);
    if operation.is_begin() && !message.carried().iter().any(|(member, _)| *member == Member::Challenge) {
        let message = format!("the response of `{}` has no challenge", operation.name());
        compiler.error(key, message, "this response", "put `{challenge!}` into its content");
    }
    ResponseTemplate { status, message }
}
