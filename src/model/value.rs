//! The value of one member, borrowed from the decoded message where possible.
//!
//! A value is never empty: an empty string in a message means that the member is absent.

use std::borrow::Cow;
use std::ops::Deref;

/// The kind of value that a member holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// Unicode text.
    Text,
    /// Bytes, written in one of the base64 alphabets.
    Bytes,
    /// A whole number.
    Number,
    /// True or false.
    Flag,
    /// A list of texts.
    Texts,
    /// A JSON object that is forwarded unchanged (extensions, metadata).
    Json,
    /// A list of records.
    List,
}

impl ValueKind {
    /// Whether a config can set a constant of this kind.
    pub fn is_constant(self) -> bool {
        matches!(self, Self::Text | Self::Number | Self::Flag)
    }

    /// The kind as a noun, for diagnostics.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Bytes => "bytes",
            Self::Number => "a number",
            Self::Flag => "true or false",
            Self::Texts => "a list of strings",
            Self::Json => "a JSON object",
            Self::List => "a list",
        }
    }
}

/// A member's value.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// See [`ValueKind::Text`].
    Text(Cow<'a, str>),
    /// See [`ValueKind::Bytes`].
    Bytes(Cow<'a, [u8]>),
    /// See [`ValueKind::Number`].
    Number(i64),
    /// See [`ValueKind::Flag`].
    Flag(bool),
    /// See [`ValueKind::Texts`].
    Texts(Texts<'a>),
    /// See [`ValueKind::Json`]: the object's text.
    Json(Cow<'a, str>),
}

/// A list of texts. `Cow<[_]>` would not be covariant in the lifetime of its elements.
#[derive(Clone, Debug)]
pub enum Texts<'a> {
    /// Borrowed from a record.
    Borrowed(&'a [Cow<'a, str>]),
    /// To be moved into a record.
    Owned(Vec<Cow<'a, str>>),
}

impl<'a> Texts<'a> {
    /// The texts as a vector.
    pub fn into_vec(self) -> Vec<Cow<'a, str>> {
        match self {
            Self::Borrowed(texts) => texts.to_vec(),
            Self::Owned(texts) => texts,
        }
    }
}

impl<'a> Deref for Texts<'a> {
    type Target = [Cow<'a, str>];

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Borrowed(texts) => texts,
            Self::Owned(texts) => texts,
        }
    }
}

// Not derived, so that values of different lifetimes can be compared.
impl PartialEq<Value<'_>> for Value<'_> {
    fn eq(&self, other: &Value<'_>) -> bool {
        match (self, other) {
            (Self::Text(one), Value::Text(other)) | (Self::Json(one), Value::Json(other)) => one == other,
            (Self::Bytes(one), Value::Bytes(other)) => one == other,
            (Self::Number(one), Value::Number(other)) => one == other,
            (Self::Flag(one), Value::Flag(other)) => one == other,
            (Self::Texts(one), Value::Texts(other)) => **one == **other,
            _ => false,
        }
    }
}

impl Value<'_> {
    /// The same value, borrowed from this one.
    pub fn borrowed(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(Cow::Borrowed(text)),
            Self::Bytes(bytes) => Value::Bytes(Cow::Borrowed(bytes)),
            Self::Number(number) => Value::Number(*number),
            Self::Flag(flag) => Value::Flag(*flag),
            Self::Texts(texts) => Value::Texts(Texts::Borrowed(texts)),
            Self::Json(json) => Value::Json(Cow::Borrowed(json)),
        }
    }

    /// The same value, borrowing nothing.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.into_owned())),
            Self::Number(number) => Value::Number(number),
            Self::Flag(flag) => Value::Flag(flag),
            Self::Texts(texts) => {
                Value::Texts(Texts::Owned(texts.iter().map(|text| Cow::Owned(text.clone().into_owned())).collect()))
            }
            Self::Json(json) => Value::Json(Cow::Owned(json.into_owned())),
        }
    }
}
