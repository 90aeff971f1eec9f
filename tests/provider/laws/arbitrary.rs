//! Any record that a message of a provider can carry.

use std::collections::BTreeMap;

use passbridge::model::member::Member;
use passbridge::model::message::{Request, Response};
use passbridge::model::operation::{Direction, Operation};
use passbridge::model::record::Record;
use passbridge::model::value::{Texts, Value, ValueKind};
use passbridge::provider::descriptor::Provider;
use passbridge::provider::template::codec::Codec;
use passbridge::provider::template::content::{Node, Object};
use passbridge::provider::template::placeholder::{Need, Placeholder};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::wire::{self, REGISTRY};

/// A message of an operation of a provider.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) provider: &'static Provider,
    pub(crate) operation: Operation,
    pub(crate) direction: Direction,
}

/// The content of a generated member.
#[derive(Clone, Debug)]
pub(crate) enum Filling {
    One(Value<'static>),
    List(Vec<Fillings>),
}

pub(crate) type Fillings = Vec<(Member, Option<Filling>)>;

/// A member of a message: how its absence and its value are written, and whether it is in a header field.
#[derive(Clone, Copy, Debug)]
struct Carried {
    need: Need,
    codec: Codec,
    in_field: bool,
}

/// Every message of every operation of every provider.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for provider in REGISTRY.iter() {
        for operation in provider.operations.keys().copied() {
            for direction in [Direction::Request, Direction::Response] {
                cases.push(Case { provider, operation, direction });
            }
        }
    }
    cases
}

impl Case {
    pub(crate) fn name(self) -> String {
        format!("{}/{}.{}", self.provider.id, self.operation.name(), self.direction.name())
    }

    /// Fillings of the members it carries; the required ones are present if `complete`.
    pub(crate) fn fillings(self, complete: bool) -> BoxedStrategy<Fillings> {
        let template = wire::template(self.provider, self.operation);
        let message = template.message(self.direction);
        let mut carried = BTreeMap::new();
        for named in &message.fields {
            note(&mut carried, named.pattern.placeholder(), true);
        }
        for named in &message.query {
            note(&mut carried, named.pattern.placeholder(), false);
        }
        if self.direction == Direction::Request {
            for segment in &template.request.path.segments {
                note(
                    &mut carried,
                    segment.placeholder().map(|placeholder| Placeholder { need: Need::Required, ..placeholder }),
                    false,
                );
            }
        }
        if let Some(content) = &message.content {
            content_placeholders(content, &mut carried);
        }
        let list = |member| message.list(member).map(|list| &list.item);
        let each = carried.into_iter().map(|(member, carried)| {
            let filling = match list(member) {
                Some(item) => elements(item).prop_map(Filling::List).boxed(),
                None => value(member, carried).prop_map(Filling::One).boxed(),
            };
            let is_there = complete && carried.need == Need::Required;
            let filling = if is_there { filling.prop_map(Some).boxed() } else { option::of(filling).boxed() };
            filling.prop_map(move |filling| (member, filling)).boxed()
        });
        each.collect::<Vec<_>>().boxed()
    }

    /// The required members whose absence is an error.
    pub(crate) fn required(self) -> Vec<Member> {
        let template = wire::template(self.provider, self.operation);
        let carried = match self.direction {
            Direction::Request => template.request.carried(),
            Direction::Response => template.response.message.carried(),
        };
        let required = carried
            .into_iter()
            .filter(|(member, need)| *need == Need::Required && member.meaning_when_absent().is_none());
        required.map(|(member, _)| member).collect()
    }
}

/// A record of the operation with that filling.
pub(crate) fn request(operation: Operation, fillings: &Fillings) -> Request<'static> {
    let mut request = Request::new(operation);
    fill(request.record_mut(), fillings);
    request
}

pub(crate) fn response(operation: Operation, fillings: &Fillings) -> Response<'static> {
    let mut response = Response::new(operation);
    fill(response.record_mut(), fillings);
    response
}

fn fill(record: &mut dyn Record<'static>, fillings: &Fillings) {
    for (member, filling) in fillings {
        match filling {
            None => {}
            Some(Filling::One(value)) => record.put(*member, Some(value.clone())),
            Some(Filling::List(elements)) => elements.iter().for_each(|element| fill(record.grow(*member), element)),
        }
    }
}

fn note(carried: &mut BTreeMap<Member, Carried>, placeholder: Option<Placeholder>, in_field: bool) {
    let Some(Placeholder { member, codec, need }) = placeholder else { return };
    // A percent-encoded text is valid in any field.
    let in_field = in_field && codec != Codec::Percent;
    let known = carried.entry(member).or_insert(Carried { need, codec, in_field });
    known.in_field |= in_field;
    if need == Need::Required {
        known.need = need;
    }
}

fn content_placeholders(object: &Object, carried: &mut BTreeMap<Member, Carried>) {
    for entry in &object.entries {
        match &entry.node {
            Node::Object(inner) | Node::JsonText(inner) => content_placeholders(inner, carried),
            Node::List(list) => {
                note(carried, Some(Placeholder { member: list.member, codec: Codec::Plain, need: list.need }), false);
            }
            Node::Placeholder(place) => note(carried, Some(place.placeholder), false),
            Node::Constant(_) => {}
        }
    }
}

fn elements(item: &Object) -> impl Strategy<Value = Vec<Fillings>> + use<> {
    let mut carried = BTreeMap::new();
    content_placeholders(item, &mut carried);
    let each = carried.into_iter().map(|(member, carried)| {
        let value = value(member, carried).prop_map(Filling::One);
        let value =
            if carried.need == Need::Required { value.prop_map(Some).boxed() } else { option::of(value).boxed() };
        value.prop_map(move |value| (member, value)).boxed()
    });
    vec(each.collect::<Vec<_>>(), 1..4)
}

fn value(member: Member, carried: Carried) -> BoxedStrategy<Value<'static>> {
    match member.kind() {
        ValueKind::Text if carried.in_field => "[!-~]{1,20}".prop_map(|text| Value::Text(text.into())).boxed(),
        ValueKind::Text => text().prop_map(|text| Value::Text(text.into())).boxed(),
        ValueKind::Bytes => vec(any::<u8>(), 1..80).prop_map(|bytes| Value::Bytes(bytes.into())).boxed(),
        ValueKind::Number => number(carried.codec).prop_map(Value::Number).boxed(),
        ValueKind::Flag => any::<bool>().prop_map(Value::Flag).boxed(),
        ValueKind::Texts => vec(text(), 1..4)
            .prop_map(|texts| Value::Texts(Texts::Owned(texts.into_iter().map(Into::into).collect())))
            .boxed(),
        ValueKind::Json => json_object().prop_map(|json| Value::Json(json.into())).boxed(),
        ValueKind::List => unreachable!("lists are filled by element"),
    }
}

/// Any text that is not empty, except for texts that no path can carry.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-z|/+ %\\\\\"{}]{1,8}"]
        .prop_filter("an empty text is none", |text| !matches!(text.as_str(), "" | "." | ".."))
}

fn number(codec: Codec) -> BoxedStrategy<i64> {
    match codec {
        Codec::Minutes => (0i64..1_000_000).prop_map(|minutes| minutes * 60).boxed(),
        Codec::Expiry | Codec::Instant | Codec::Millis => (0i64..100_000_000_000).boxed(),
        Codec::Plain | Codec::Base64 | Codec::Base64Url | Codec::Percent => any::<i64>().boxed(),
    }
}

/// Any JSON value, nested a little.
pub(crate) fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        text().prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Into::into),
            vec((text(), inner), 0..4).prop_map(|entries| entries.into_iter().collect()),
        ]
    })
}

fn json_object() -> impl Strategy<Value = String> {
    vec((text(), json()), 0..3)
        .prop_map(|entries| entries.into_iter().collect::<serde_json::Map<_, _>>())
        .prop_map(|object| serde_json::Value::Object(object).to_string())
}
