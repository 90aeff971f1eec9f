//! From a provider file to a provider, with everything that is wrong with it.
//!
//! Beside what the template compiler sees, this proves that nothing is lost in silence (every
//! member is in a message or in its `omits`) and that every fault can be written.

use http::{Method, StatusCode};

use crate::canonical::fault::{FAULT_DETAILS, Fault};
use crate::canonical::member::Member;
use crate::canonical::operation::{Direction, Operation};
use crate::diagnostic::{Diagnostics, nearest};
use crate::document::{Document, Entry, Item, ItemValue, Table};
use crate::provider::descriptor::{Accepts, OperationTemplate, Provider};
use crate::provider::faults::{FaultRow, FaultTable, Status};
use crate::template::codec::Codec;
use crate::template::compile::Compiler;
use crate::template::message::{Caller, Message, Omission, RequestTemplate, ResponseTemplate};

const PROVIDER_KEYS: &[&str] = &[
    "title",
    "bytes",
    "content_type",
    "accepts",
    "fields",
    "login",
    "registration",
    "signup",
    "credentials",
    "faults",
];
const OPERATION_KEYS: &[&str] = &["request", "response", "unknown"];
const REQUEST_KEYS: &[&str] = &["method", "path", "caller", "fields", "query", "content", "also", "omits"];
const RESPONSE_KEYS: &[&str] = &["status", "fields", "content", "also", "omits"];
const FAULT_KEYS: &[&str] = &["fault", "operations", "status", "fields", "content"];

/// Compiles a provider file.
pub fn provider(id: &str, document: &Document) -> (Provider, Diagnostics) {
    let root = &document.root;
    let mut compiler =
        Compiler { source: document.source.clone(), bytes: Codec::Base64Url, diagnostics: Diagnostics::default() };
    known_keys(&mut compiler, root, PROVIDER_KEYS);
    compiler.bytes = bytes(&mut compiler, root);
    let mut provider = Provider {
        id: id.to_owned(),
        title: text(&mut compiler, root, "title").unwrap_or_else(|| id.to_owned()),
        content_type: text(&mut compiler, root, "content_type").unwrap_or_else(|| "application/json".to_owned()),
        accepts: accepts(&mut compiler, root),
        fields: table(&mut compiler, root, "fields")
            .map_or_else(Vec::new, |fields| compiler.named(fields, "header field", &[])),
        operations: Default::default(),
        faults: FaultTable::default(),
    };
    for operation in Operation::ALL {
        if let Some(template) = operation_template(&mut compiler, root, operation) {
            provider.operations.insert(operation, template);
        }
    }
    unknown_operations(&mut compiler, root);
    for needed in [Operation::LoginBegin, Operation::LoginFinish] {
        if !provider.operations.contains_key(&needed) && !compiler.diagnostics.has_errors() {
            let message = format!("the provider has no `{}`", needed.name());
            let remedy = format!("write `[{0}.request]` and `[{0}.response]`", needed.name());
            compiler.error(&(0..0), message, "in this file", remedy);
        }
    }
    provider.faults = faults(&mut compiler, root);
    complete(&mut compiler, root, &provider);
    (provider, compiler.diagnostics)
}

fn known_keys(compiler: &mut Compiler, table: &Table, known: &[&str]) {
    for entry in table.entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
        let remedy = match nearest(&entry.key, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the keys here are: {}", known.join(", ")),
        };
        compiler.error(&entry.key_span, format!("there is no key `{}` here", entry.key), "unknown key", remedy);
    }
}

fn text(compiler: &mut Compiler, table: &Table, key: &str) -> Option<String> {
    let item = table.item(key)?;
    if item.as_text().is_none() {
        compiler.error(&item.span, format!("`{key}` must be a string"), item.noun(), "write it between quotes");
    }
    item.as_text().map(str::to_owned)
}

fn table<'t>(compiler: &mut Compiler, parent: &'t Table, key: &str) -> Option<&'t Table> {
    let item = parent.item(key)?;
    if item.as_table().is_none() {
        let remedy = format!("write `{key} = {{ ... }}` or a table of its own");
        compiler.error(&item.span, format!("`{key}` must be a table"), item.noun(), remedy);
    }
    item.as_table()
}

fn bytes(compiler: &mut Compiler, root: &Table) -> Codec {
    let remedy = "write `bytes = \"base64url\"` (not padded) or `bytes = \"base64\"` (standard, padded)";
    match root.item("bytes") {
        None => compiler.error(&(0..0), "the provider does not say how it writes bytes", "in this file", remedy),
        Some(item) => match item.as_text().and_then(Codec::named) {
            Some(codec @ (Codec::Base64 | Codec::Base64Url)) => return codec,
            _ => compiler.error(&item.span, "this is no way of writing bytes", "this value", remedy),
        },
    }
    Codec::Base64Url
}

fn accepts(compiler: &mut Compiler, root: &Table) -> Accepts {
    match root.item("accepts").map(|item| (item, item.as_text())) {
        None | Some((_, Some("json"))) => Accepts::Json,
        Some((_, Some("any"))) => Accepts::Any,
        Some((item, _)) => {
            let remedy = "write \"json\", or \"any\" where the provider reads JSON whatever the Content-Type says";
            compiler.error(&item.span, "`accepts` is neither \"json\" nor \"any\"", "this value", remedy);
            Accepts::Json
        }
    }
}

/// The table of an operation: `[login.begin]`.
fn operation_table(root: &Table, operation: Operation) -> Option<&Entry> {
    let (ceremony, leg) = operation.name().split_once('.').expect("an operation's name has two parts");
    root.item(ceremony)?.as_table()?.entry(leg)
}

fn unknown_operations(compiler: &mut Compiler, root: &Table) {
    for ceremony in ["login", "registration", "signup", "credentials"] {
        let Some(table) = table(compiler, root, ceremony) else { continue };
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

fn operation_template(compiler: &mut Compiler, root: &Table, operation: Operation) -> Option<OperationTemplate> {
    let entry = operation_table(root, operation)?;
    let Some(operation_table) = entry.item.as_table() else {
        let remedy = format!("write `[{}.request]` and `[{}.response]`", operation.name(), operation.name());
        compiler.error(&entry.item.span, "an operation must be a table", entry.item.noun(), remedy);
        return None;
    };
    known_keys(compiler, operation_table, OPERATION_KEYS);
    let unknown = match operation_table.item("unknown") {
        Some(item) => texts(compiler, item, "unknown"),
        None => Vec::new(),
    };
    let mut halves = ["request", "response"].map(|half| table(compiler, operation_table, half));
    for (half, table) in ["request", "response"].into_iter().zip(&halves) {
        if table.is_none() {
            let message = format!("`{}` has no {half}", operation.name());
            let remedy = format!("write `[{}.{half}]`", operation.name());
            compiler.error(&entry.key_span, message, "this operation", remedy);
        }
    }
    let request = halves[0].take().and_then(|table| request(compiler, table, operation, entry))?;
    let response = halves[1].take().map(|table| response(compiler, table, operation, entry))?;
    Some(OperationTemplate { request, response, unknown })
}

fn texts(compiler: &mut Compiler, item: &Item, key: &str) -> Vec<String> {
    let ItemValue::Array(items) = &item.value else {
        compiler.error(&item.span, format!("`{key}` must be an array of strings"), item.noun(), "write `[\"...\"]`");
        return Vec::new();
    };
    let mut texts = Vec::new();
    for item in items {
        match item.as_text() {
            Some(text) => texts.push(text.to_owned()),
            None => compiler.error(
                &item.span,
                format!("`{key}` must hold strings only"),
                item.noun(),
                "write it between quotes",
            ),
        }
    }
    texts
}

fn request(compiler: &mut Compiler, table: &Table, operation: Operation, entry: &Entry) -> Option<RequestTemplate> {
    known_keys(compiler, table, REQUEST_KEYS);
    let members = operation.members(Direction::Request);
    let method = table.item("method").and_then(Item::as_text).and_then(|text| Method::from_bytes(text.as_bytes()).ok());
    if method.is_none() {
        let span = table.item("method").map_or(&entry.key_span, |item| &item.span);
        compiler.error(span, "the request has no valid method", "here", "write `method = \"POST\"` or another method");
    }
    let path = match table.item("path") {
        Some(item) => compiler.path(item, members),
        None => {
            compiler.error(&entry.key_span, "the request has no path", "this operation", "write `path = \"/...\"`");
            None
        }
    };
    let caller = caller(compiler, table, entry);
    let message = message(compiler, table, operation, Direction::Request, entry);
    let request = RequestTemplate { method: method?, path: path?, caller: caller?, message };
    if let Some(credential) = caller.and_then(Caller::credential)
        && !request.carried().iter().any(|(member, _)| *member == credential)
    {
        let name = credential.name();
        let message =
            format!("a caller of the kind `{}` is known by `{name}`, which the request has not", request.caller.name());
        compiler.error(
            &entry.key_span,
            message,
            "this operation",
            format!("put `{{{name}!}}` into it, or change `caller`"),
        );
    }
    Some(request)
}

fn caller(compiler: &mut Compiler, table: &Table, entry: &Entry) -> Option<Caller> {
    let item = table.item("caller");
    let found =
        item.and_then(Item::as_text).and_then(|text| Caller::ALL.into_iter().find(|caller| caller.name() == text));
    if found.is_none() {
        let span = item.map_or(&entry.key_span, |item| &item.span);
        let remedy = "write `caller = \"open\"`, \"key\", \"client\" or \"user\"";
        compiler.error(span, "the request does not say who makes it", "here", remedy);
    }
    found
}

fn response(compiler: &mut Compiler, table: &Table, operation: Operation, entry: &Entry) -> ResponseTemplate {
    known_keys(compiler, table, RESPONSE_KEYS);
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
    let message = message(compiler, table, operation, Direction::Response, entry);
    if operation.is_begin() && !message.carried().iter().any(|(member, _)| *member == Member::Challenge) {
        let message = format!("the response of `{}` has no challenge", operation.name());
        compiler.error(&entry.key_span, message, "this operation", "put `{challenge!}` into its content");
    }
    ResponseTemplate { status, message }
}

fn message(
    compiler: &mut Compiler,
    parent: &Table,
    operation: Operation,
    direction: Direction,
    entry: &Entry,
) -> Message {
    let members = operation.members(direction);
    let fields = table(compiler, parent, "fields").map(|fields| {
        let mut named = compiler.named(fields, "header field", members);
        named.iter_mut().for_each(|field| field.name.make_ascii_lowercase());
        named
    });
    let query = table(compiler, parent, "query").map(|query| compiler.named(query, "query parameter", members));
    let content = table(compiler, parent, "content").map(|content| compiler.content(content, members));
    let also = match parent.item("also").map(|item| (item, &item.value)) {
        None => Vec::new(),
        Some((_, ItemValue::Array(items))) if items.iter().all(|item| item.as_table().is_some()) => {
            items.iter().filter_map(Item::as_table).map(|table| compiler.content(table, members)).collect()
        }
        Some((item, _)) => {
            compiler.error(
                &item.span,
                "`also` must be an array of content tables",
                item.noun(),
                "write `[[....also]]`",
            );
            Vec::new()
        }
    };
    let mut message = Message {
        fields: fields.unwrap_or_default(),
        query: query.unwrap_or_default(),
        content,
        also,
        omits: Vec::new(),
    };
    omits(compiler, parent, &mut message, members);
    unsaid(compiler, parent, &message, operation, direction, entry);
    message
}

/// What the message says it cannot carry; `"user.*"` stands for every member that begins so.
fn omits(compiler: &mut Compiler, parent: &Table, message: &mut Message, members: &'static [Member]) {
    let Some(omits) = table(compiler, parent, "omits") else { return };
    let carried = message.carried();
    for entry in &omits.entries {
        let reason = match entry.item.as_text() {
            Some(reason) if !reason.trim().is_empty() => reason.to_owned(),
            _ => {
                compiler.error(
                    &entry.item.span,
                    "an omission needs a reason",
                    "this value",
                    "say in a sentence why it cannot be carried",
                );
                continue;
            }
        };
        let omitted: Vec<Member> = match entry.key.strip_suffix(".*") {
            Some(group) => {
                let group = format!("{group}.");
                members.iter().copied().filter(|member| member.name().starts_with(&group)).collect()
            }
            None => compiler.member(&entry.key, &entry.key_span, members).into_iter().collect(),
        };
        for member in omitted {
            let stands = carried.iter().any(|(known, _)| *known == member);
            if stands && !entry.key.ends_with(".*") {
                let text = format!("`{}` is in the message and in its omits", member.name());
                compiler.error(&entry.key_span, text, "this member", "take it out of one of them");
            } else if !stands {
                message.omits.push(Omission { member, reason: reason.clone() });
            }
        }
    }
}

/// What a message must carry or say that it cannot: what belongs to the ceremony, not to the call.
fn must_be_said(member: Member) -> bool {
    !member.is_caller_credential()
        && !matches!(member, Member::ClientUserAgent | Member::ClientAddress | Member::Session)
}

fn unsaid(
    compiler: &mut Compiler,
    parent: &Table,
    message: &Message,
    operation: Operation,
    direction: Direction,
    entry: &Entry,
) {
    let carried = message.carried();
    let path_members: Vec<Member> = parent
        .item("path")
        .and_then(Item::as_text)
        .map(|path| {
            let members = operation.members(direction).iter().copied();
            members.filter(|member| path.contains(&format!("{{{}", member.name()))).collect()
        })
        .unwrap_or_default();
    let unsaid: Vec<_> = operation
        .members(direction)
        .iter()
        .filter(|member| must_be_said(**member))
        .filter(|member| !carried.iter().any(|(known, _)| known == *member))
        .filter(|member| !path_members.contains(member) && message.omission(**member).is_none())
        .map(|member| format!("`{}`", member.name()))
        .collect();
    if !unsaid.is_empty() {
        let place = format!("{}.{}", operation.name(), direction.name());
        let text = format!("`{place}` says nothing of {}", unsaid.join(", "));
        let remedy = format!("put each into the message, or into `[{place}.omits]` with the reason");
        compiler.error(&entry.key_span, text, "this operation", remedy);
    }
}

fn faults(compiler: &mut Compiler, root: &Table) -> FaultTable {
    let rows = match root.item("faults").map(|item| (&item.value, item)) {
        Some((ItemValue::Array(rows), _)) => rows.as_slice(),
        Some((_, item)) => {
            compiler.error(
                &item.span,
                "`faults` must be an array of tables",
                item.noun(),
                "write `[[faults]]` for each row",
            );
            &[]
        }
        None => &[],
    };
    FaultTable(rows.iter().filter_map(|row| fault_row(compiler, row)).collect())
}

fn fault_row(compiler: &mut Compiler, row: &Item) -> Option<FaultRow> {
    let Some(table_of_row) = row.as_table() else {
        compiler.error(&row.span, "a row of `faults` must be a table", row.noun(), "write `[[faults]]`");
        return None;
    };
    known_keys(compiler, table_of_row, FAULT_KEYS);
    let operations = match table_of_row.item("operations") {
        Some(item) => named(compiler, item, "operations", Operation::named, &Operation::ALL.map(Operation::name)),
        None => Vec::new(),
    };
    let names = Fault::ALL.map(Fault::name);
    let faults = match table_of_row.item("fault") {
        Some(item) => named(compiler, item, "fault", Fault::named, &names),
        None => {
            compiler.error(&row.span, "the row does not say which fault it is", "this row", "write `fault = \"...\"`");
            Vec::new()
        }
    };
    let status = status(compiler, table_of_row, row)?;
    let fields =
        table(compiler, table_of_row, "fields").map(|fields| compiler.named(fields, "header field", FAULT_DETAILS));
    let content = table(compiler, table_of_row, "content").map(|content| compiler.content(content, FAULT_DETAILS));
    Some(FaultRow { faults, operations, status, fields: fields.unwrap_or_default(), content })
}

/// One name or an array of names out of a closed set.
fn named<T>(compiler: &mut Compiler, item: &Item, key: &str, find: fn(&str) -> Option<T>, names: &[&str]) -> Vec<T> {
    let items = match &item.value {
        ItemValue::Array(items) => items.as_slice(),
        _ => std::slice::from_ref(item),
    };
    let mut found = Vec::new();
    for item in items {
        match item.as_text().map(|text| (text, find(text))) {
            Some((_, Some(one))) => found.push(one),
            other => {
                let remedy = match other.and_then(|(text, _)| nearest(text, names.iter().copied())) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("`{key}` can be: {}", names.join(", ")),
                };
                compiler.error(&item.span, format!("this is no name for `{key}`"), "this value", remedy);
            }
        }
    }
    found
}

fn status(compiler: &mut Compiler, table: &Table, row: &Item) -> Option<Status> {
    let item = table.item("status");
    let status = match item.map(|item| &item.value) {
        Some(ItemValue::Integer(number)) => {
            u16::try_from(*number).ok().and_then(|number| StatusCode::from_u16(number).ok()).map(Status::Exact)
        }
        Some(ItemValue::Text(text)) => match text.as_bytes() {
            [digit @ b'1'..=b'5', b'x', b'x'] => Some(Status::Class(u16::from(digit - b'0'))),
            _ => None,
        },
        _ => None,
    };
    if status.is_none() {
        let span = item.map_or(&row.span, |item| &item.span);
        compiler.error(
            span,
            "the row has no valid status",
            "here",
            "write `status = 400`, or \"5xx\" for a class that is only read",
        );
    }
    status
}

/// Every fault must have a row to be written by, for every operation.
fn complete(compiler: &mut Compiler, root: &Table, provider: &Provider) {
    let span = root.entry("faults").map_or(0..0, |entry| entry.key_span.clone());
    for operation in provider.operations.keys() {
        let missing: Vec<_> = Fault::ALL
            .into_iter()
            .filter(|fault| provider.faults.row(*operation, *fault).is_none())
            .map(|fault| format!("`{}`", fault.name()))
            .collect();
        if !missing.is_empty() {
            let message = format!("`{}` cannot say: {}", operation.name(), missing.join(", "));
            let remedy = "give each a row of `[[faults]]` with one status; one row may name several faults";
            compiler.error(&span, message, "the fault table", remedy);
        }
    }
}
