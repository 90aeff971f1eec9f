//! One hole of a template: which member stands there, how it is written, and what its absence is.
//!
//! `{member}` is left out when absent, `{member!}` must be there, `{member~}` is null when absent,
//! `{member*}` is `""` or `[]` when absent; `{member:codec}` names a codec.

use std::borrow::Cow;

use crate::base::diagnostic::nearest;
use crate::model::member::Member;
use crate::model::value::Kind;
use crate::provider::template::codec::Codec;

/// What the absence of a member is on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It is left out.
    Optional,
    /// It must be there.
    Required,
    /// `null` stands for it.
    Nullable,
    /// `""` or `[]` stands for it.
    Blank,
}

/// A place for a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Whose place it is.
    pub member: Member,
    /// How the member is written.
    pub codec: Codec,
    /// What its absence is.
    pub need: Need,
}

/// A string of a template: constant, or one hole with constant text around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Constant text.
    Constant(String),
    /// A hole, with the text before and after it.
    Hole {
        /// Before.
        prefix: String,
        /// The hole.
        hole: Hole,
        /// After.
        suffix: String,
    },
}

/// What is wrong with a hole: what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadHole {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl Pattern {
    /// Reads a string of a template; `bytes` is the provider's own way of writing binary values.
    pub fn parse(text: &str, scope: &'static [Member], bytes: Codec) -> Result<Self, BadHole> {
        let Some((prefix, rest)) = text.split_once('{') else {
            return Ok(Self::Constant(text.to_owned()));
        };
        let Some((inside, suffix)) = rest.split_once('}') else {
            return Err(bad("a `{` is never closed", "write `{member}`; a constant cannot hold a brace"));
        };
        if suffix.contains(['{', '}']) {
            return Err(bad("a string has more than one hole", "write one `{member}` a string"));
        }
        let hole = Hole::parse(inside, scope, bytes)?;
        Ok(Self::Hole { prefix: prefix.to_owned(), hole, suffix: suffix.to_owned() })
    }

    /// The hole, if there is one.
    pub fn hole(&self) -> Option<Hole> {
        match self {
            Self::Constant(_) => None,
            Self::Hole { hole, .. } => Some(*hole),
        }
    }
}

impl Hole {
    /// Reads what stands between the braces.
    pub fn parse(inside: &str, scope: &'static [Member], bytes: Codec) -> Result<Self, BadHole> {
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

/// The text between what stands before and after a hole. A scheme such as `Bearer` has no case.
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

/// The member of that name among those a message has.
pub(crate) fn member(name: &str, scope: &'static [Member]) -> Result<Member, BadHole> {
    if let Some(member) = scope.iter().find(|member| member.name() == name) {
        return Ok(*member);
    }
    let names = || scope.iter().map(|member| member.name());
    let remedy = match nearest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("its members are: {}", names().collect::<Vec<_>>().join(", ")),
    };
    Err(match Member::named(name) {
        Some(_) => bad(format!("this message has no member `{name}`"), remedy),
        None => bad(format!("there is no member `{name}`"), remedy),
    })
}

/// The codec of that name, if it suits the member.
fn named_codec(codec: &str, member: &str, kind: Kind) -> Result<Codec, BadHole> {
    let names = |which: &dyn Fn(Codec) -> bool| {
        let names: Vec<_> = Codec::NAMED.iter().filter(|(_, codec)| which(*codec)).map(|(name, _)| *name).collect();
        names.join(", ")
    };
    match Codec::named(codec) {
        Some(found) if found.suits(kind) => Ok(found),
        Some(_) => {
            let suitable = names(&|codec| codec.suits(kind));
            let remedy = match suitable.is_empty() {
                true => "leave the codec out".to_owned(),
                false => format!("leave the codec out, or take one of: {suitable}"),
            };
            Err(bad(format!("the codec `{codec}` does not suit `{member}`, which is {}", kind.noun()), remedy))
        }
        None => {
            let remedy = match nearest(codec, Codec::NAMED.iter().map(|(name, _)| *name)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the codecs are: {}", names(&|_| true)),
            };
            Err(bad(format!("there is no codec `{codec}`"), remedy))
        }
    }
}

fn bad(message: impl Into<String>, remedy: impl Into<String>) -> BadHole {
    BadHole { message: message.into(), remedy: remedy.into() }
}
