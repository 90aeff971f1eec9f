//! A message of an operation, and the check that it mentions every member.
//!
//! Each member must be in the message, or in its `omits` with the reason.

use std::ops::Range;

use crate::base::document::{Entry, Item, ItemValue, Table};
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::provider::compile::keys;
use crate::provider::template::compile::Compiler;
use crate::provider::template::content::{List, Object};
use crate::provider::template::head::Path;
use crate::provider::template::message::{Message, Omission};

/// The message and its place in the file.
#[derive(Clone, Copy)]
pub(super) struct MessageKey<'e> {
    pub(super) operation: Operation,
    pub(super) direction: Direction,
    /// The key of the message.
    pub(super) key: &'e Range<usize>,
}

pub(super) fn compile(
    compiler: &mut Compiler,
    table: &Table,
    message_key: MessageKey<'_>,
    path: Option<&Path>,
) -> Message {
    let members = message_key.operation.members(message_key.direction);
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
        path.iter()
            .flat_map(|path| &path.segments)
            .filter_map(|segment| segment.placeholder())
            .map(|placeholder| placeholder.member),
    );
    if let Some(omits) = keys::table(compiler, table, "omits") {
        for entry in &omits.entries {
            message.omits.extend(omissions(compiler, entry, &message, &carried, members));
        }
    }
    // A placeholder with an error may be the one that would be reported as missing.
    if compiler.diagnostics.len() == mistakes {
        unmentioned(compiler, &message, &carried, message_key);
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
            let remedy = "write `also = [{ ... }]`, or a `[[...also]]` table for each";
            compiler.error(&item.span, "`also` must be an array of content tables", item.noun(), remedy);
            Vec::new()
        }
    }
}

/// The members of one entry of `omits`: a single member, `user.*` for all other members of a group, or
/// `allow_credentials.transports` for a member of list elements.
fn omissions(
    compiler: &mut Compiler,
    entry: &Entry,
    message: &Message,
    carried: &[Member],
    members: &'static [Member],
) -> Vec<Omission> {
    let Some(reason) = entry.item.as_text().filter(|reason| !reason.trim().is_empty()) else {
        let remedy = "write a sentence that explains why the message cannot carry it";
        compiler.error(&entry.item.span, "an omission needs a reason", "this value", remedy);
        return Vec::new();
    };
    let omission = |list, member| Omission { list, member, reason: reason.to_owned() };
    if let Some(group) = entry.key.strip_suffix('*').filter(|group| group.ends_with('.')) {
        let of_group = members.iter().filter(|member| member.name().starts_with(group) && !carried.contains(member));
        return of_group.map(|member| omission(None, *member)).collect();
    }
    let (list, name, scope, present) = match list_of(&entry.key, message) {
        Some((list, name)) => {
            let scope = list.member.element_members();
            (Some(list.member), name, scope, list.item.members())
        }
        None => (None, entry.key.as_str(), members, carried.to_vec()),
    };
    let Some(member) = compiler.member(name, &entry.key_span, scope) else { return Vec::new() };
    if present.contains(&member) {
        let text = format!("`{}` is both in the message and in its `omits`", entry.key);
        compiler.error(&entry.key_span, text, "this member", "remove it from one of them");
        return Vec::new();
    }
    vec![omission(list, member)]
}

fn list_of<'m, 'k>(key: &'k str, message: &'m Message) -> Option<(&'m List, &'k str)> {
    let (list, name) = key.split_once('.')?;
    Some((message.list(Member::named(list)?)?, name))
}

/// Whether a message must mention a member: those of the ceremony, not those of the call.
fn must_be_mentioned(member: Member) -> bool {
    !member.is_caller_credential()
        && !matches!(member, Member::ClientUserAgent | Member::ClientAddress | Member::Session)
}

fn unmentioned(compiler: &mut Compiler, message: &Message, carried: &[Member], message_key: MessageKey<'_>) {
    let mut unmentioned = Vec::new();
    for member in message_key.operation.members(message_key.direction) {
        if let Some(list) = message.list(*member) {
            let present = list.item.members();
            let lost = member.element_members().iter().filter(|element| !present.contains(element));
            let lost = lost.filter(|element| message.element_omission(*member, **element).is_none());
            unmentioned.extend(lost.map(|element| format!("`{}.{}`", member.name(), element.name())));
        }
        if must_be_mentioned(*member) && !carried.contains(member) && message.omission(*member).is_none() {
            unmentioned.push(format!("`{}`", member.name()));
        }
    }
    if !unmentioned.is_empty() {
        let place_name = format!("{}.{}", message_key.operation.name(), message_key.direction.name());
        let text = format!("`{place_name}` does not mention {}", unmentioned.join(", "));
        let remedy = format!("add the member to the message, or to `[{place_name}.omits]` with the reason");
        compiler.error(message_key.key, text, "this message", remedy);
    }
}
