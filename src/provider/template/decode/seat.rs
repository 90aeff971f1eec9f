//! One place of the template while the value that stands there is read.
//!
//! A value of the wrong type is a defect, save at a constant, where it says that it is another
//! message; either way the value is read to its end, so that what follows is still seen.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::base::base64;
use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::{Kind, Texts, Value};
use crate::provider::template::codec::{Expected, Token};
use crate::provider::template::content::{Constant, List, Node, Object, Place};
use crate::provider::template::decode::progress::Progress;
use crate::provider::template::decode::{list, object, raw};
use crate::provider::template::hole;
use crate::provider::template::reader::DefectKind;

/// What is expected at a place.
#[derive(Clone, Copy)]
pub(super) enum What<'t> {
    Object(&'t Object),
    JsonText(&'t Object),
    List(&'t List),
    Hole(&'t Place),
    Constant(&'t Constant),
}

impl<'t> What<'t> {
    pub(super) fn of(node: &'t Node) -> Self {
        match node {
            Node::Object(object) => Self::Object(object),
            Node::JsonText(object) => Self::JsonText(object),
            Node::List(list) => Self::List(list),
            Node::Hole(place) => Self::Hole(place),
            Node::Constant(constant) => Self::Constant(constant),
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Self::Object(_) => "an object",
            Self::JsonText(_) => "a string that holds JSON",
            Self::List(_) => "an array",
            Self::Hole(place) => place.hole.member.kind().noun(),
            Self::Constant(_) => "a constant",
        }
    }
}

/// Whether there was a value, or only what stands for its absence: `null`, `""`, `[]`.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Found {
    Something,
    Nothing,
}

pub(super) struct NodeVisitor<'t, 's, 'r, 'a> {
    pub(super) what: What<'t>,
    pub(super) pointer: &'t str,
    pub(super) record: &'r mut dyn Record<'a>,
    pub(super) progress: &'s mut Progress<'a>,
}

impl<'a> DeserializeSeed<'a> for NodeVisitor<'_, '_, '_, 'a> {
    type Value = Found;

    fn deserialize<D: Deserializer<'a>>(mut self, deserializer: D) -> Result<Found, D::Error> {
        match self.what {
            What::Hole(place) if place.hole.member.kind() == Kind::Json => {
                let json = raw::text(deserializer)?;
                Ok(self.json_object(place.hole.member, json))
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'a> NodeVisitor<'_, '_, '_, 'a> {
    #[cold]
    fn wrong(&mut self, noun: &'static str) -> Found {
        match self.what {
            What::Constant(_) => self.progress.another = true,
            _ => self.progress.defect(DefectKind::Expected(noun), self.pointer),
        }
        Found::Something
    }

    fn put(&mut self, member: Member, value: Value<'a>) -> Found {
        if self.record.value(member).is_some_and(|other| other != value) {
            self.progress.defect(DefectKind::Disagree, self.pointer);
        } else {
            self.record.put(member, Some(value));
        }
        Found::Something
    }

    fn token(mut self, token: Token<'a>) -> Found {
        match (self.what, token) {
            (What::Hole(place), token) => self.hole(place, token),
            (What::Constant(constant), token) => {
                self.progress.another |= !constant.is(&token);
                Found::Something
            }
            (What::JsonText(object), Token::Text(text)) => self.json_text(object, text),
            _ => self.wrong(self.what.noun()),
        }
    }

    fn hole(&mut self, place: &Place, token: Token<'a>) -> Found {
        let hole = place.hole;
        let token = match token {
            Token::Text(text) if text.is_empty() => return Found::Nothing,
            Token::Text(text) => match hole::between(text, &place.prefix, &place.suffix) {
                Some(text) if text.is_empty() => return Found::Nothing,
                Some(text) => Token::Text(text),
                None => return self.wrong("of the documented form"),
            },
            other => other,
        };
        match hole.codec.read(hole.member.kind(), token, self.progress.reading.now) {
            Ok(value) => self.put(hole.member, value),
            Err(Expected(noun)) => self.wrong(noun),
        }
    }

    fn json_object(&mut self, member: Member, json: &'a str) -> Found {
        match json.as_bytes().first() {
            Some(b'n') => Found::Nothing,
            Some(b'{') if self.progress.depth + raw::nesting(json) > self.progress.reading.max_depth => {
                self.progress.defect(DefectKind::TooDeep, self.pointer);
                Found::Something
            }
            Some(b'{') => self.put(member, Value::Json(Cow::Borrowed(json))),
            _ => self.wrong(Kind::Json.noun()),
        }
    }

    fn texts(&mut self, member: Member, texts: Option<Vec<Cow<'a, str>>>) -> Found {
        match texts {
            None => self.wrong(Kind::Texts.noun()),
            Some(texts) if texts.is_empty() => Found::Nothing,
            Some(texts) => self.put(member, Value::Texts(Texts::Owned(texts))),
        }
    }

    /// JSON inside a string, or base64 of it.
    fn json_text(mut self, object: &Object, text: Cow<'a, str>) -> Found {
        if text.is_empty() {
            return Found::Nothing;
        }
        let scratch = self.progress.reading.scratch;
        let inner = match text {
            Cow::Owned(text) if is_object(&text) => scratch.keep(text),
            Cow::Borrowed(text) if is_object(text) => text,
            other => match base64::read(&other).ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
                Some(text) => scratch.keep(text),
                None => return self.wrong(self.what.noun()),
            },
        };
        let depth = self.progress.depth;
        let mut json = serde_json::Deserializer::from_str(inner);
        let seat = NodeVisitor {
            what: What::Object(object),
            pointer: self.pointer,
            record: &mut *self.record,
            progress: &mut *self.progress,
        };
        let read = seat.deserialize(&mut json).and_then(|found| json.end().map(|()| found));
        self.progress.depth = depth;
        read.unwrap_or_else(|_| self.wrong(self.what.noun()))
    }
}

impl<'a> Visitor<'a> for NodeVisitor<'_, '_, '_, 'a> {
    type Value = Found;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.what.noun())
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Found, E> {
        Ok(self.token(Token::Text(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Found, E> {
        Ok(self.token(Token::Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Found, E> {
        Ok(self.token(Token::Flag(flag)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Found, E> {
        Ok(self.token(Token::Number(number)))
    }

    fn visit_u64<E>(mut self, number: u64) -> Result<Found, E> {
        match i64::try_from(number) {
            Ok(number) => Ok(self.token(Token::Number(number))),
            Err(_) => Ok(self.wrong("a smaller number")),
        }
    }

    fn visit_f64<E>(mut self, number: f64) -> Result<Found, E> {
        // JSON does not tell 60000 from 60000.0; beyond 2^53 a float is no exact number.
        if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
            return Ok(self.token(Token::Number(number as i64)));
        }
        Ok(self.wrong("a whole number"))
    }

    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(Found::Nothing)
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<Found, A::Error> {
        if let What::Object(template) | What::JsonText(template) = self.what {
            return object::read(template, self.pointer, self.record, self.progress, map);
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self.wrong(self.what.noun()))
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut seq: A) -> Result<Found, A::Error> {
        match self.what {
            What::List(template) => list::read(template, self.pointer, self.record, self.progress, seq),
            What::Hole(place) if place.hole.member.kind() == Kind::Texts => {
                let texts = list::texts(seq)?;
                Ok(self.texts(place.hole.member, texts))
            }
            _ => {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(self.wrong(self.what.noun()))
            }
        }
    }
}

fn is_object(text: &str) -> bool {
    text.trim_start().starts_with('{')
}
