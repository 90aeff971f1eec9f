//! The visitor that reads the JSON value for one node of the template.
//!
//! A value of the wrong type is a defect, except for a constant, where it means that this is another message.
//! In both cases the value is read to its end, so that decoding continues with what follows.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::base::base64;
use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::{Texts, Value, ValueKind};
use crate::provider::template::codec::{Expected, Token};
use crate::provider::template::content::{EmbeddedPlaceholder, List, Object};
use crate::provider::template::decode::entry_name::EntryName;
use crate::provider::template::decode::expected_node::ExpectedNode;
use crate::provider::template::decode::progress::Progress;
use crate::provider::template::decode::{raw_json, texts};
use crate::provider::template::decode_context::DefectKind;
use crate::provider::template::placeholder;

/// Whether there was a value, or one that means absence: `null`, `""`, `[]`.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum ValuePresence {
    Present,
    MissingMember,
}

pub(super) struct NodeVisitor<'t, 's, 'r, 'a> {
    pub(super) node: ExpectedNode<'t>,
    pub(super) pointer: &'t str,
    pub(super) record: &'r mut dyn Record<'a>,
    pub(super) progress: &'s mut Progress<'a>,
}

impl<'a> DeserializeSeed<'a> for NodeVisitor<'_, '_, '_, 'a> {
    type Value = ValuePresence;

    fn deserialize<D: Deserializer<'a>>(mut self, deserializer: D) -> Result<ValuePresence, D::Error> {
        match self.node {
            ExpectedNode::Placeholder(embedded) if embedded.placeholder.member.kind() == ValueKind::Json => {
                let json = raw_json::text(deserializer)?;
                Ok(self.json_object(embedded.placeholder.member, json))
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'a> NodeVisitor<'_, '_, '_, 'a> {
    #[cold]
    fn wrong(&mut self, noun: &'static str) -> ValuePresence {
        match self.node {
            ExpectedNode::Constant(_) => self.progress.is_other_message = true,
            _ => self.progress.defect(DefectKind::Expected(noun), self.pointer),
        }
        ValuePresence::Present
    }

    fn put(&mut self, member: Member, value: Value<'a>) -> ValuePresence {
        if self.record.value(member).is_some_and(|other| other != value) {
            self.progress.defect(DefectKind::Disagree, self.pointer);
        } else {
            self.record.put(member, Some(value));
        }
        ValuePresence::Present
    }

    fn token(mut self, token: Token<'a>) -> ValuePresence {
        match (self.node, token) {
            (ExpectedNode::Placeholder(embedded), token) => self.placeholder(embedded, token),
            (ExpectedNode::Constant(constant), token) => {
                self.progress.is_other_message |= !constant.is(&token);
                ValuePresence::Present
            }
            (ExpectedNode::JsonText(object), Token::Text(text)) => self.json_text(object, text),
            _ => self.wrong(self.node.noun()),
        }
    }

    fn placeholder(&mut self, embedded: &EmbeddedPlaceholder, token: Token<'a>) -> ValuePresence {
        let placeholder = embedded.placeholder;
        let token = match token {
            Token::Text(text) if text.is_empty() => return ValuePresence::MissingMember,
            Token::Text(text) => match placeholder::between(text, &embedded.prefix, &embedded.suffix) {
                Some(text) if text.is_empty() => return ValuePresence::MissingMember,
                Some(text) => Token::Text(text),
                None => return self.wrong("of the documented form"),
            },
            other => other,
        };
        match placeholder.codec.read(placeholder.member.kind(), token, self.progress.context.now) {
            Ok(value) => self.put(placeholder.member, value),
            Err(Expected(noun)) => self.wrong(noun),
        }
    }

    fn json_object(&mut self, member: Member, json: &'a str) -> ValuePresence {
        match json.as_bytes().first() {
            Some(b'n') => ValuePresence::MissingMember,
            Some(b'{') if self.progress.is_too_deep(json) => {
                self.progress.defect(DefectKind::TooDeep, self.pointer);
                ValuePresence::Present
            }
            Some(b'{') => self.put(member, Value::Json(Cow::Borrowed(json))),
            _ => self.wrong(ValueKind::Json.noun()),
        }
    }

    fn texts(&mut self, member: Member, texts: Option<Vec<Cow<'a, str>>>) -> ValuePresence {
        match texts {
            None => self.wrong(ValueKind::Texts.noun()),
            Some(texts) if texts.is_empty() => ValuePresence::MissingMember,
            Some(texts) => self.put(member, Value::Texts(Texts::Owned(texts))),
        }
    }

    /// JSON in a string, or base64 of it.
    fn json_text(mut self, object: &Object, text: Cow<'a, str>) -> ValuePresence {
        if text.is_empty() {
            return ValuePresence::MissingMember;
        }
        let scratch = self.progress.context.scratch;
        let is_object = |text: &str| text.trim_start().starts_with('{');
        let inner = match text {
            Cow::Owned(text) if is_object(&text) => scratch.keep(text),
            Cow::Borrowed(text) if is_object(text) => text,
            other => match base64::read(&other).ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
                Some(text) => scratch.keep(text),
                None => return self.wrong(self.node.noun()),
            },
        };
        let depth = self.progress.depth;
        let mut json = serde_json::Deserializer::from_str(inner);
        let visitor = NodeVisitor {
            node: ExpectedNode::Object(object),
            pointer: self.pointer,
            record: &mut *self.record,
            progress: &mut *self.progress,
        };
        let read = visitor.deserialize(&mut json).and_then(|presence| json.end().map(|()| presence));
        self.progress.depth = depth;
        read.unwrap_or_else(|_| self.wrong(self.node.noun()))
    }

    /// Reads an object: its names in any order, each at most once. Of an unknown name only the depth of its value
    /// is checked.
    fn object<A: MapAccess<'a>>(self, object: &Object, mut map: A) -> Result<ValuePresence, A::Error> {
        let Self { pointer, record, progress, .. } = self;
        progress.depth += 1;
        // One bit for each entry: the compiler rejects an object with more than 64.
        let mut seen = 0u64;
        let mut next = 0;
        while let Some(index) = map.next_key_seed(EntryName { object, next })? {
            let Some(index) = index else {
                let unknown: &RawValue = map.next_value()?;
                if progress.is_too_deep(unknown.get()) {
                    progress.defect(DefectKind::TooDeep, pointer);
                }
                continue;
            };
            next = index + 1;
            let entry = &object.entries[index];
            if seen & (1 << index) != 0 {
                progress.defect(DefectKind::Duplicate, &entry.pointer);
            }
            seen |= 1 << index;
            let node = ExpectedNode::of(&entry.node);
            let visitor = NodeVisitor { node, pointer: &entry.pointer, record: &mut *record, progress };
            if map.next_value_seed(visitor)? == ValuePresence::MissingMember {
                progress.absent_entry(entry);
            }
        }
        for (index, entry) in object.entries.iter().enumerate() {
            if seen & (1 << index) == 0 {
                progress.absent_entry(entry);
            }
        }
        progress.depth -= 1;
        Ok(ValuePresence::Present)
    }

    fn list<A: SeqAccess<'a>>(self, list: &List, mut seq: A) -> Result<ValuePresence, A::Error> {
        let Self { pointer, record, progress, .. } = self;
        progress.depth += 1;
        while seq.next_element_seed(Element { list, pointer, record: &mut *record, progress })?.is_some() {}
        progress.depth -= 1;
        Ok(if record.count(list.member) == 0 { ValuePresence::MissingMember } else { ValuePresence::Present })
    }
}

impl<'a> Visitor<'a> for NodeVisitor<'_, '_, '_, 'a> {
    type Value = ValuePresence;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.node.noun())
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<ValuePresence, E> {
        Ok(self.token(Token::Text(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<ValuePresence, E> {
        Ok(self.token(Token::Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<ValuePresence, E> {
        Ok(self.token(Token::Flag(flag)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<ValuePresence, E> {
        Ok(self.token(Token::Number(number)))
    }

    fn visit_u64<E>(mut self, number: u64) -> Result<ValuePresence, E> {
        match i64::try_from(number) {
            Ok(number) => Ok(self.token(Token::Number(number))),
            Err(_) => Ok(self.wrong("a smaller number")),
        }
    }

    fn visit_f64<E>(mut self, number: f64) -> Result<ValuePresence, E> {
        // JSON does not distinguish 60000 from 60000.0. Beyond 2^53 a float is not exact.
        if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
            return Ok(self.token(Token::Number(number as i64)));
        }
        Ok(self.wrong("a whole number"))
    }

    fn visit_unit<E>(self) -> Result<ValuePresence, E> {
        Ok(ValuePresence::MissingMember)
    }

    fn visit_map<A: MapAccess<'a>>(mut self, map: A) -> Result<ValuePresence, A::Error> {
        if let ExpectedNode::Object(template) | ExpectedNode::JsonText(template) = self.node {
            return self.object(template, map);
        }
        IgnoredAny.visit_map(map)?;
        Ok(self.wrong(self.node.noun()))
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, seq: A) -> Result<ValuePresence, A::Error> {
        match self.node {
            ExpectedNode::List(template) => self.list(template, seq),
            ExpectedNode::Placeholder(embedded) if embedded.placeholder.member.kind() == ValueKind::Texts => {
                let texts = texts::texts(seq)?;
                Ok(self.texts(embedded.placeholder.member, texts))
            }
            _ => {
                IgnoredAny.visit_seq(seq)?;
                Ok(self.wrong(self.node.noun()))
            }
        }
    }
}

/// An element of a list. One whose constants differ is of another kind, such as another second factor, and is
/// left out; `null` is a defect.
struct Element<'t, 's, 'r, 'a> {
    list: &'t List,
    pointer: &'t str,
    record: &'r mut dyn Record<'a>,
    progress: &'s mut Progress<'a>,
}

impl<'a> DeserializeSeed<'a> for Element<'_, '_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self { list, pointer, record, progress } = self;
        let element = record.grow(list.member);
        let is_listed = progress.element(|progress| {
            let visitor = NodeVisitor { node: ExpectedNode::Object(&list.item), pointer, record: element, progress };
            if visitor.deserialize(deserializer)? == ValuePresence::MissingMember {
                progress.defect(DefectKind::Expected("a list of objects"), pointer);
            }
            Ok(())
        })?;
        if !is_listed {
            record.shrink(list.member);
        }
        Ok(())
    }
}
