//! One message of an operation, and the proof that it says of every member what becomes of it.
//!
//! A member stands in the message, or in its `omits` with the reason; nothing is lost in silence.

use std::ops::Range;

use crate::base::document::{Entry, Item, ItemValue, Table};
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::model::value::Kind;
use crate::provider::compile::keys;
use crate::provider::template::compile::Compiler;
use crate::provider::template::content::{List, Object};
use crate::provider::template::head::Path;
use crate::provider::template::message::{Message, Omission};

/// Which message it is, and where it stands in the file.
#[derive(Clone, Copy)]
pub(super) struct Place<'e> {
    pub(super) operation: Operation,
    pub(super) direction: Direction,
    /// Of the message itself.
    pub(super) key: &'e Range<usize>,
}

pub(super) fn compile(compiler: &mut Compiler, table: &Table, place: Place<'_>, path: Option<&Path>) -> Message {
    let members = place.operation.members(place.direction);
    let mistakes = compiler.diagnostics.len();
    let fields = keys::table(compiler, table, "fields").map(|fields| compiler.fields(fields, members));
    let query = keys::table(compiler, table, "query").map(|query| compiler.parameters(query, members));
    let content = keys::table(compiler, table, "content").map(|content| compiler.content(content, members));
    let mut message = Message {
        fields: fields.unwrap_or_default(),
        query: query.unwrap_or_default(),
        content,
        also: also(compiler, table, members),
        omits: Vec::new(),
    };
    let mut carried: Vec<Member> = message.carried().into_iter().map(|(member, _)| member).collect();
    carried.extend(
        path.iter().flat_map(|path| &path.segments).filter_map(|segment| segment.hole()).map(|hole| hole.member),
    );
    if let Some(omits) = keys::table(compiler, table, "omits") {
        for entry in &omits.entries {
            message.omits.extend(omissions(compiler, entry, &message, &carried, members));
        }
    }
    // What stands in a hole that cannot be read was said, and badly.
    if compiler.diagnostics.len() == mistakes {
        unsaid(compiler, &message, &carried, place);
    }
    message
}

fn also(compiler: &mut Compiler, table: &Table, members: &'static [Member]) -> Vec<Object> {
    match table.item("also").map(|item| (item, &item.value)) {
        None => Vec::new(),
        Some((_, ItemValue::Array(items))) if items.iter().all(|item| item.as_table().is_some()) => {
            items.iter().filter_map(Item::as_table).map(|table| compiler.content(table, members)).collect()
        }
        Some((item, _)) => {
            let remedy = "write `also = [{ ... }]`, or `[[...also]]` for each";
            compiler.error(&item.span, "`also` must be an array of content tables", item.noun(), remedy);
            Vec::new()
        }
    }
}

/// What one entry of `omits` stands for: a member, `user.*` for every other member of a group, or
/// `allow_credentials.transports` for a member of a list's elements.
fn omissions(
    compiler: &mut Compiler,
    entry: &Entry,
    message: &Message,
    carried: &[Member],
    members: &'static [Member],
) -> Vec<Omission> {
    let Some(reason) = entry.item.as_text().filter(|reason| !reason.trim().is_empty()) else {
        let remedy = "say in a sentence why it cannot be carried";
        compiler.error(&entry.item.span, "an omission needs a reason", "this value", remedy);
        return Vec::new();
    };
    let omission = |list, member| Omission { list, member, reason: reason.to_owned() };
    if let Some(group) = entry.key.strip_suffix('*').filter(|group| group.ends_with('.')) {
        let of_group = members.iter().filter(|member| member.name().starts_with(group) && !carried.contains(member));
        return of_group.map(|member| omission(None, *member)).collect();
    }
    let (list, name, scope, stands) = match list_of(&entry.key, message) {
        Some((list, name)) => {
            let Kind::List(scope) = list.member.kind() else { unreachable!("only lists are compiled as lists") };
            (Some(list.member), name, scope, list.item.members())
        }
        None => (None, entry.key.as_str(), members, carried.to_vec()),
    };
    let Some(member) = compiler.member(name, &entry.key_span, scope) else { return Vec::new() };
    if stands.contains(&member) {
        let text = format!("`{}` is in the message and in its omits", entry.key);
        compiler.error(&entry.key_span, text, "this member", "take it out of one of them");
        return Vec::new();
    }
    vec![omission(list, member)]
}

fn list_of<'m, 'k>(key: &'k str, message: &'m Message) -> Option<(&'m List, &'k str)> {
    let (list, name) = key.split_once('.')?;
    Some((message.list(Member::named(list)?)?, name))
}

/// What must be carried or said: what belongs to the ceremony, not to the call.
fn must_be_said(member: Member) -> bool {
    !member.is_caller_credential()
        && !matches!(member, Member::ClientUserAgent | Member::ClientAddress | Member::Session)
}

fn unsaid(compiler: &mut Compiler, message: &Message, carried: &[Member], place: Place<'_>) {
    let mut unsaid = Vec::new();
    for member in place.operation.members(place.direction) {
        if let (Some(list), Kind::List(elements)) = (message.list(*member), member.kind()) {
            let stands = list.item.members();
            let lost = elements.iter().filter(|element| !stands.contains(element));
            let lost = lost.filter(|element| message.element_omission(*member, **element).is_none());
            unsaid.extend(lost.map(|element| format!("`{}.{}`", member.name(), element.name())));
        }
        if must_be_said(*member) && !carried.contains(member) && message.omission(*member).is_none() {
            unsaid.push(format!("`{}`", member.name()));
        }
    }
    if !unsaid.is_empty() {
        let place_name = format!("{}.{}", place.operation.name(), place.direction.name());
        let text = format!("`{place_name}` says nothing of {}", unsaid.join(", "));
        let remedy = format!("put each into the message, or into `[{place_name}.omits]` with the reason");
        compiler.error(place.key, text, "this message", remedy);
    }
}
