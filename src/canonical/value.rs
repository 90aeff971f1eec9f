//! The value of one member, borrowed from the message it was read from wherever that is possible.
//!
//! A value is never empty: an empty string in a message is the absence of the member.

use std::borrow::Cow;

use super::member::Member;

/// What a member holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Unicode text.
    Text,
    /// Binary; on the wire in one of the base64 alphabets.
    Bytes,
    /// A whole number.
    Number,
    /// True or false.
    Flag,
    /// A list of texts.
    Texts,
    /// A JSON object that travels as it came (extensions, metadata).
    Json,
    /// A list of records with these members.
    List(&'static [Member]),
}

impl Kind {
    /// The kind in plain words, for diagnostics.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Number => "a number",
            Self::Flag => "true or false",
            Self::Texts => "a list of texts",
            Self::Json => "a JSON object",
            Self::List(_) => "a list",
        }
    }
}

/// A member's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// See [`Kind::Text`].
    Text(Cow<'a, str>),
    /// See [`Kind::Bytes`].
    Bytes(Cow<'a, [u8]>),
    /// See [`Kind::Number`].
    Number(i64),
    /// See [`Kind::Flag`].
    Flag(bool),
    /// See [`Kind::Texts`].
    Texts(Cow<'a, [Cow<'a, str>]>),
    /// See [`Kind::Json`]: the object's text.
    Json(Cow<'a, str>),
}

impl Value<'_> {
    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.into_owned())),
            Self::Number(number) => Value::Number(number),
            Self::Flag(flag) => Value::Flag(flag),
            Self::Texts(texts) => {
                Value::Texts(texts.iter().map(|text| Cow::Owned(text.clone().into_owned())).collect::<Vec<_>>().into())
            }
            Self::Json(json) => Value::Json(Cow::Owned(json.into_owned())),
        }
    }
}
