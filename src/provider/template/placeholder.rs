//! A placeholder of a template: its member, its codec, and how absence is written.
//!
//! `{member}` is left out when absent, `{member!}` is required, `{member~}` is `null` when absent, `{member*}` is
//! `""` or `[]` when absent. `{member:codec}` names a codec.

use std::borrow::Cow;

use crate::base::similar_name::did_you_mean;
use crate::model::member::Member;
use crate::model::value::ValueKind;
use crate::provider::template::codec::Codec;

/// How the absence of a member is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The member is left out.
    Optional,
    /// The member is required.
    Required,
    /// As `null`.
    Nullable,
    /// As `""` or `[]`.
    Blank,
}

/// A placeholder for a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// The member.
    pub member: Member,
    /// How its value is written.
    pub codec: Codec,
    /// How its absence is written.
    pub need: Need,
}

/// A string of a template: a constant, or one placeholder with constant text around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Constant text.
    Constant(String),
    /// A placeholder with the text before and after it.
    Placeholder {
        /// The text before.
        prefix: String,
        /// The placeholder.
        placeholder: Placeholder,
        /// The text after.
        suffix: String,
    },
}

/// Why a placeholder is not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPlaceholder {
    /// The message.
    pub message: String,
    /// The remedy.
    pub remedy: String,
}

impl Pattern {
    /// Parses a string of a template; `bytes` is the default codec of the provider for bytes.
    pub fn parse(text: &str, scope: &'static [Member], bytes: Codec) -> Result<Self, InvalidPlaceholder> {
        let Some((prefix, rest)) = text.split_once('{') else {
            return Ok(Self::Constant(text.to_owned()));
        };
        let Some((inside, suffix)) = rest.split_once('}') else {
            return Err(bad("a `{` is never closed", "write `{member}`; a constant cannot contain a brace"));
        };
        if suffix.contains(['{', '}']) {
            return Err(bad("a string has more than one placeholder", "write one `{member}` per string"));
        }
        let placeholder = Placeholder::parse(inside, scope, bytes)?;
        Ok(Self::Placeholder { prefix: prefix.to_owned(), placeholder, suffix: suffix.to_owned() })
    }

    /// The placeholder, if there is one.
    pub fn placeholder(&self) -> Option<Placeholder> {
        match self {
            Self::Constant(_) => None,
            Self::Placeholder { placeholder, .. } => Some(*placeholder),
        }
    }
}

impl Placeholder {
    /// Parses the text between the braces.
    pub fn parse(inside: &str, scope: &'static [Member], bytes: Codec) -> Result<Self, InvalidPlaceholder> {
        let (rest, need) = match inside.char_indices().next_back() {
            Some((at, '!')) => (&inside[..at], Need::Required),
            Some((at, '~')) => (&inside[..at], Need::Nullable),
            Some((at, '*')) => (&inside[..at], Need::Blank),
            _ => (inside, Need::Optional),
        };
        let (name, codec) = match rest.split_once(':') {
            Some((name, codec)) => (name, Some(codec)),
            None => (rest, None),
        };
        let member = member(name, scope)?;
        let kind = member.kind();
        let codec = match codec {
            Some(codec) => named_codec(codec, name, kind)?,
            None if Codec::Plain.suits(kind) => Codec::Plain,
            None => bytes,
        };
        Ok(Self { member, codec, need })
    }
}

/// The value between a prefix and a suffix. The prefix is compared without case, as schemes such as `Bearer` are.
pub(crate) fn between<'a>(text: Cow<'a, str>, prefix: &str, suffix: &str) -> Option<Cow<'a, str>> {
    if prefix.is_empty() && suffix.is_empty() {
        return Some(text);
    }
    let end = text.len().checked_sub(suffix.len()).filter(|end| *end >= prefix.len())?;
    if !text.get(..prefix.len())?.eq_ignore_ascii_case(prefix) || text.get(end..)? != suffix {
        return None;
    }
    Some(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(prefix.len()..end)?),
        Cow::Owned(text) => Cow::Owned(text.get(prefix.len()..end)?.to_owned()),
    })
}

/// The member of that name, among those of a message.
pub(crate) fn member(name: &str, scope: &'static [Member]) -> Result<Member, InvalidPlaceholder> {
    if let Some(member) = scope.iter().find(|member| member.name() == name) {
        return Ok(*member);
    }
    let names = || scope.iter().map(|member| member.name());
    let remedy = did_you_mean(name, names(), "its members are");
    Err(match Member::named(name) {
        Some(_) => bad(format!("this message has no member `{name}`"), remedy),
        None => bad(format!("unknown member `{name}`"), remedy),
    })
}

/// The codec of that name, if it can encode the member.
fn named_codec(codec: &str, member: &str, kind: ValueKind) -> Result<Codec, InvalidPlaceholder> {
    let names = |which: &dyn Fn(Codec) -> bool| {
        let names: Vec<_> = Codec::NAMED.iter().filter(|(_, codec)| which(*codec)).map(|(name, _)| *name).collect();
        names.join(", ")
    };
    match Codec::named(codec) {
        Some(found) if found.suits(kind) => Ok(found),
        Some(_) => {
            let suitable = names(&|codec| codec.suits(kind));
            let remedy = match suitable.is_empty() {
                true => "remove the codec".to_owned(),
                false => format!("remove the codec, or use one of: {suitable}"),
            };
            Err(bad(format!("the codec `{codec}` cannot encode `{member}`, which is {}", kind.noun()), remedy))
        }
        None => {
            let remedy = did_you_mean(codec, Codec::NAMED.iter().map(|(name, _)| *name), "the codecs are");
            Err(bad(format!("unknown codec `{codec}`"), remedy))
        }
    }
}

fn bad(message: impl Into<String>, remedy: impl Into<String>) -> InvalidPlaceholder {
    InvalidPlaceholder { message: message.into(), remedy: remedy.into() }
}
