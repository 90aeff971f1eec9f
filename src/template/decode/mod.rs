//! Reading a provider's JSON into a record, driven by its template, in one pass.
//!
//! Members the template does not know are skipped, as WebAuthn asks. A defect does not end the
//! reading: a constant that differs further on says that it was another message all along.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::canonical::member::Member;
use crate::canonical::record::Record;
use crate::canonical::value::{Kind, Texts, Value};
use crate::template::base64;
use crate::template::codec::{Expected, Token};
use crate::template::content::{Constant, Entry, List, Node, Object, Place};
use crate::template::hole::Need;
use crate::template::reader::{Defect, DefectKind, Reading, Unread};

/// Reads content into a record.
pub fn decode<'a>(
    template: &Object,
    content: &'a [u8],
    reading: Reading<'a>,
    record: &mut dyn Record<'a>,
) -> Result<(), Unread> {
    let mut state = State { reading, depth: 0, another: false, defect: None };
    let root = Seat { what: What::Object(template), pointer: "", record, state: &mut state };
    let mut json = serde_json::Deserializer::from_slice(content);
    let read = root.deserialize(&mut json).and_then(|found| json.end().map(|()| found));
    match read {
        Ok(Found::Nothing) => state.absent(template),
        Ok(Found::Something) => {}
        Err(error) => {
            let syntax = DefectKind::Syntax { line: error.line(), column: error.column() };
            state.defect.get_or_insert(Defect { kind: syntax, place: String::new() });
            // What does not parse cannot be recognised by its constants.
            state.another |= template.has_constants() && !reading.lenient;
        }
    }
    match (state.another, state.defect) {
        (true, _) => Err(Unread::AnotherMessage),
        (false, Some(defect)) => Err(Unread::Broken(defect)),
        (false, None) => Ok(()),
    }
}

/// What the reading of one content has come to so far.
struct State<'a> {
    reading: Reading<'a>,
    depth: usize,
    another: bool,
    defect: Option<Defect>,
}

impl State<'_> {
    fn defect(&mut self, kind: DefectKind, pointer: &str) {
        if self.defect.is_none() {
            self.defect = Some(Defect { kind, place: pointer.to_owned() });
        }
    }

    /// Notes what is missing because a whole object is not there.
    fn absent(&mut self, object: &Object) {
        for entry in &object.entries {
            self.absent_entry(entry);
        }
    }

    fn absent_entry(&mut self, entry: &Entry) {
        match &entry.node {
            Node::Object(object) | Node::JsonText(object) => self.absent(object),
            Node::Constant(_) => self.another |= !self.reading.lenient,
            Node::Hole(place) if place.hole.need == Need::Required => {
                self.defect(DefectKind::Missing(place.hole.member), &entry.pointer);
            }
            Node::List(list) if list.need == Need::Required => {
                self.defect(DefectKind::Missing(list.member), &entry.pointer);
            }
            Node::Hole(_) | Node::List(_) => {}
        }
    }
}

/// What is expected at a place.
#[derive(Clone, Copy)]
enum What<'t> {
    Object(&'t Object),
    JsonText(&'t Object),
    List(&'t List),
    Hole(&'t Place),
    Constant(&'t Constant),
}

/// Whether there was a value, or only `null` or an empty string.
#[derive(Clone, Copy, PartialEq)]
enum Found {
    Something,
    Nothing,
}

/// One place of the template while it is read.
struct Seat<'t, 's, 'r, 'a> {
    what: What<'t>,
    pointer: &'t str,
    record: &'r mut dyn Record<'a>,
    state: &'s mut State<'a>,
}

impl<'a> DeserializeSeed<'a> for Seat<'_, '_, '_, 'a> {
    type Value = Found;

    fn deserialize<D: Deserializer<'a>>(mut self, deserializer: D) -> Result<Found, D::Error> {
        match self.what {
            What::Hole(place) if place.hole.member.kind() == Kind::Json => {
                let raw = <&RawValue>::deserialize(deserializer)?;
                Ok(self.json_object(place.hole.member, raw.get()))
            }
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'t, 'a> Seat<'t, '_, '_, 'a> {
    fn wrong(&mut self, noun: &'static str) -> Found {
        match self.what {
            What::Constant(_) => self.state.another = true,
            _ => self.state.defect(DefectKind::Expected(noun), self.pointer),
        }
        Found::Something
    }

    /// The noun of what is expected, for a value of quite another type.
    fn noun(&self) -> &'static str {
        match self.what {
            What::Object(_) => "an object",
            What::JsonText(_) => "a string that holds JSON",
            What::List(_) => "an array",
            What::Hole(place) => place.hole.member.kind().noun(),
            What::Constant(_) => "a constant",
        }
    }

    fn token(mut self, token: Token<'a>) -> Found {
        match self.what {
            What::Hole(place) => self.hole(place, token),
            What::Constant(constant) => {
                let same = match (constant, &token) {
                    (Constant::Text(expected), Token::Text(found)) => expected == found,
                    (Constant::Number(expected), Token::Number(found)) => expected == found,
                    (Constant::Flag(expected), Token::Flag(found)) => expected == found,
                    _ => false,
                };
                self.state.another |= !same;
                Found::Something
            }
            What::JsonText(object) => match token {
                Token::Text(text) => self.json_text(object, &text),
                Token::Number(_) | Token::Flag(_) => self.wrong("a string that holds JSON"),
            },
            What::Object(_) | What::List(_) => self.wrong(self.noun()),
        }
    }

    fn hole(&mut self, place: &Place, token: Token<'a>) -> Found {
        let hole = place.hole;
        let token = match token {
            Token::Text(text) => match strip(text, &place.prefix, &place.suffix) {
                Some(text) if text.is_empty() => return Found::Nothing,
                Some(text) => Token::Text(text),
                None => return self.wrong("of the documented form"),
            },
            other => other,
        };
        match hole.codec.read(hole.member.kind(), token, self.state.reading.now) {
            Ok(value) => self.put(hole.member, value),
            Err(Expected(noun)) => self.wrong(noun),
        }
    }

    fn put(&mut self, member: Member, value: Value<'a>) -> Found {
        if self.record.value(member).is_some_and(|other| other != value) {
            self.state.defect(DefectKind::Disagree, self.pointer);
        } else {
            self.record.put(member, Some(value));
        }
        Found::Something
    }

    fn json_object(&mut self, member: Member, json: &'a str) -> Found {
        match json.as_bytes().first() {
            Some(b'n') => Found::Nothing,
            Some(b'{') => {
                if nesting(json) + self.state.depth > self.state.reading.max_depth {
                    self.state.defect(DefectKind::TooDeep, self.pointer);
                    return Found::Something;
                }
                self.put(member, Value::Json(Cow::Borrowed(json)))
            }
            _ => self.wrong("a JSON object"),
        }
    }

    /// JSON inside a string, or base64 of it.
    fn json_text(&mut self, object: &Object, text: &str) -> Found {
        if text.is_empty() {
            return Found::Nothing;
        }
        let plain = if text.trim_start().starts_with('{') {
            Some(text.to_owned())
        } else {
            base64::read(text).ok().and_then(|bytes| String::from_utf8(bytes).ok())
        };
        let Some(plain) = plain else { return self.wrong("a string that holds JSON") };
        let scratch = self.state.reading.scratch;
        if scratch.0.set(plain).is_err() {
            return self.wrong("the only string that holds JSON");
        }
        let inner = scratch.0.get().expect("the scratch was filled just now");
        let mut json = serde_json::Deserializer::from_str(inner);
        let seat = Seat { what: What::Object(object), pointer: self.pointer, record: self.record, state: self.state };
        match seat.deserialize(&mut json).and_then(|found| json.end().map(|()| found)) {
            Ok(found) => found,
            Err(_) => self.wrong("a string that holds JSON"),
        }
    }

    fn object<A: MapAccess<'a>>(self, object: &'t Object, mut map: A) -> Result<Found, A::Error> {
        let Self { pointer, record, state, .. } = self;
        let mut seen = 0u64;
        let mut next = 0;
        while let Some(index) = map.next_key_seed(Name { object, next })? {
            let Some(index) = index else {
                skip(&mut map, state, pointer)?;
                continue;
            };
            next = index + 1;
            let entry = &object.entries[index];
            if seen & 1 << index != 0 {
                state.defect(DefectKind::Duplicate, &entry.pointer);
            }
            seen |= 1 << index;
            let what = What::of(&entry.node);
            state.depth += 1;
            let found = map.next_value_seed(Seat { what, pointer: &entry.pointer, record: &mut *record, state })?;
            state.depth -= 1;
            if found == Found::Nothing {
                state.absent_entry(entry);
            }
        }
        for (index, entry) in object.entries.iter().enumerate() {
            if seen & 1 << index == 0 {
                state.absent_entry(entry);
            }
        }
        Ok(Found::Something)
    }

    fn list<A: SeqAccess<'a>>(self, list: &'t List, mut seq: A) -> Result<Found, A::Error> {
        let Self { pointer, record, state, .. } = self;
        state.depth += 1;
        let mut found = Found::Nothing;
        while seq.next_element_seed(Element { list, pointer, record: &mut *record, state })?.is_some() {
            found = Found::Something;
        }
        state.depth -= 1;
        Ok(found)
    }

    fn texts<A: SeqAccess<'a>>(mut self, member: Member, mut seq: A) -> Result<Found, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = seq.next_element_seed(TextSeed)? {
            match text {
                Some(text) => texts.push(text),
                None => {
                    self.wrong(Kind::Texts.noun());
                }
            }
        }
        if texts.is_empty() {
            return Ok(Found::Nothing);
        }
        Ok(self.put(member, Value::Texts(Texts::Owned(texts))))
    }
}

impl<'t> What<'t> {
    fn of(node: &'t Node) -> Self {
        match node {
            Node::Object(object) => Self::Object(object),
            Node::JsonText(object) => Self::JsonText(object),
            Node::List(list) => Self::List(list),
            Node::Hole(place) => Self::Hole(place),
            Node::Constant(constant) => Self::Constant(constant),
        }
    }
}

impl<'a> Visitor<'a> for Seat<'_, '_, '_, 'a> {
    type Value = Found;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.noun())
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
        if let What::Constant(_) = self.what {
            self.state.another |= !self.state.reading.lenient;
        }
        Ok(Found::Nothing)
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<Found, A::Error> {
        match self.what {
            What::Object(object) | What::JsonText(object) => self.object(object, map),
            What::List(_) | What::Hole(_) | What::Constant(_) => {
                while map.next_key::<IgnoredAny>()?.is_some() {
                    skip(&mut map, self.state, self.pointer)?;
                }
                Ok(self.wrong(self.noun()))
            }
        }
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut seq: A) -> Result<Found, A::Error> {
        match self.what {
            What::List(list) => self.list(list, seq),
            What::Hole(place) if place.hole.member.kind() == Kind::Texts => self.texts(place.hole.member, seq),
            What::Object(_) | What::JsonText(_) | What::Hole(_) | What::Constant(_) => {
                let left = self.state.reading.max_depth.saturating_sub(self.state.depth + 1);
                while seq.next_element_seed(Skip { left })?.is_some() {}
                Ok(self.wrong(self.noun()))
            }
        }
    }
}

/// The text between what stands before and after a hole. A scheme such as `Bearer` has no case.
pub(crate) fn strip<'a>(text: Cow<'a, str>, prefix: &str, suffix: &str) -> Option<Cow<'a, str>> {
    if prefix.is_empty() && suffix.is_empty() {
        return Some(text);
    }
    let start = text.get(..prefix.len())?;
    let end = text.len().checked_sub(suffix.len()).filter(|end| *end >= prefix.len())?;
    if !start.eq_ignore_ascii_case(prefix) || text.get(end..)? != suffix {
        return None;
    }
    Some(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(prefix.len()..end)?),
        Cow::Owned(text) => Cow::Owned(text.get(prefix.len()..end)?.to_owned()),
    })
}

/// How deep objects and arrays are nested in a JSON text that is known to be valid.
fn nesting(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A name of an object: its index in the template, if the template has it.
struct Name<'t> {
    object: &'t Object,
    next: usize,
}

impl<'a> DeserializeSeed<'a> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        // A provider writes its names in the order of its own example nearly always.
        let entries = &self.object.entries;
        if entries.get(self.next).is_some_and(|entry| entry.name == name) {
            return Ok(Some(self.next));
        }
        Ok(entries.iter().position(|entry| entry.name == name))
    }
}

/// One element of a list.
struct Element<'t, 's, 'r, 'a> {
    list: &'t List,
    pointer: &'t str,
    record: &'r mut dyn Record<'a>,
    state: &'s mut State<'a>,
}

impl<'a> DeserializeSeed<'a> for Element<'_, '_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        let element = self.record.grow(self.list.member);
        let what = What::Object(&self.list.item);
        let found =
            Seat { what, pointer: self.pointer, record: element, state: self.state }.deserialize(deserializer)?;
        if found == Found::Nothing {
            self.state.absent(&self.list.item);
        }
        Ok(())
    }
}

/// One text of a list of texts; `None` for what is none.
struct TextSeed;

impl<'a> DeserializeSeed<'a> for TextSeed {
    type Value = Option<Cow<'a, str>>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        if !raw.starts_with('"') {
            return Ok(None);
        }
        let text: Text<'a> = serde_json::from_str(raw).map_err(D::Error::custom)?;
        Ok(Some(text.0))
    }
}

/// A JSON string, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Skips the value of a name the template does not know.
fn skip<'a, A: MapAccess<'a>>(map: &mut A, state: &mut State<'_>, pointer: &str) -> Result<(), A::Error> {
    let left = state.reading.max_depth.saturating_sub(state.depth + 1);
    if !map.next_value_seed(Skip { left })? {
        state.defect(DefectKind::TooDeep, pointer);
    }
    Ok(())
}

/// Skips any value; `false` when it is nested deeper than it may be.
struct Skip {
    left: usize,
}

impl<'a> DeserializeSeed<'a> for Skip {
    type Value = bool;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Skip {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<bool, A::Error> {
        let mut shallow = self.left > 0;
        while let Some(inner) = seq.next_element_seed(Self { left: self.left.saturating_sub(1) })? {
            shallow &= inner;
        }
        Ok(shallow)
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut shallow = self.left > 0;
        while map.next_key::<IgnoredAny>()?.is_some() {
            shallow &= map.next_value_seed(Self { left: self.left.saturating_sub(1) })?;
        }
        Ok(shallow)
    }
}
