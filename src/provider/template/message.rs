//! The template of a message: head, content, and the members that it cannot carry.

use crate::model::member::Member;
use crate::provider::template::content::{List, Object};
use crate::provider::template::head::{NamedPattern, Path};
use crate::provider::template::placeholder::Need;

/// A message of one operation in one direction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// Header fields.
    pub fields: Vec<NamedPattern>,
    /// Query parameters.
    pub query: Vec<NamedPattern>,
    /// The content, if the message has one.
    pub content: Option<Object>,
    /// Other forms of the content, which are decoded but never written.
    pub also: Vec<Object>,
    /// The members that the message cannot carry.
    pub omits: Vec<Omission>,
}

/// A member that a message cannot carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Omission {
    /// The list whose elements lack the member; `None` for a member of the message itself.
    pub list: Option<Member>,
    /// The member.
    pub member: Member,
    /// The reason, as a sentence.
    pub reason: String,
}

/// The kind of caller that a provider requires for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Caller {
    /// Anyone, without credentials.
    Open,
    /// An application with an API key.
    Key,
    /// An application with a client id and secret.
    Client,
    /// An end user with a bearer token.
    User,
}

impl Caller {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Open, Self::Key, Self::Client, Self::User];

    /// The name used in provider files and in the config.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Key => "key",
            Self::Client => "client",
            Self::User => "user",
        }
    }

    /// The member that identifies such a caller.
    pub const fn credential(self) -> Option<Member> {
        match self {
            Self::Open => None,
            Self::Key => Some(Member::ClientKey),
            Self::Client => Some(Member::ClientId),
            Self::User => Some(Member::UserToken),
        }
    }
}

/// The request of an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestTemplate {
    /// The method (RFC 9110 section 9).
    pub method: http::Method,
    /// The path below the provider's base.
    pub path: Path,
    /// The required kind of caller.
    pub caller: Caller,
    /// Head fields and content.
    pub message: Message,
}

/// The response of an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseTemplate {
    /// The status of success.
    pub status: http::StatusCode,
    /// Head fields and content.
    pub message: Message,
}

impl Message {
    /// Every member that the message can carry, with the strongest need of its places.
    pub fn carried(&self) -> Vec<(Member, Need)> {
        let mut carried: Vec<(Member, Need)> = Vec::new();
        let mut add = |member, need| match carried.iter_mut().find(|(known, _)| *known == member) {
            Some((_, strongest)) if need == Need::Required => *strongest = need,
            Some(_) => {}
            None => carried.push((member, need)),
        };
        let heads = self.fields.iter().chain(&self.query);
        for placeholder in heads.filter_map(|named| named.pattern.placeholder()) {
            add(placeholder.member, placeholder.need);
        }
        if let Some(content) = &self.content {
            content.carried(&mut add);
        }
        carried
    }

    /// Whether the message can carry a member.
    pub fn carries(&self, member: Member) -> bool {
        let mut heads = self.fields.iter().chain(&self.query).filter_map(|named| named.pattern.placeholder());
        heads.any(|placeholder| placeholder.member == member)
            || self.content.as_ref().is_some_and(|content| content.carries(member))
    }

    /// Whether its content has a constant, which distinguishes it from other messages on the same path.
    pub fn has_constants(&self) -> bool {
        self.content.as_ref().is_some_and(Object::has_constants)
    }

    /// The list of that member.
    pub fn list(&self, member: Member) -> Option<&List> {
        self.content.as_ref().and_then(|content| content.list(member))
    }

    /// The documented reason why the message cannot carry a member.
    pub fn omission(&self, member: Member) -> Option<&str> {
        self.reason(None, member)
    }

    /// The documented reason why a list's elements cannot carry a member.
    pub fn element_omission(&self, list: Member, member: Member) -> Option<&str> {
        self.reason(Some(list), member)
    }

    fn reason(&self, list: Option<Member>, member: Member) -> Option<&str> {
        let of = |omission: &&Omission| omission.list == list && omission.member == member;
        self.omits.iter().find(of).map(|omission| omission.reason.as_str())
    }
}

impl RequestTemplate {
    /// Every member that the request can carry, including those of its path.
    pub fn carried(&self) -> Vec<(Member, Need)> {
        let mut carried = self.message.carried();
        for placeholder in self.path.segments.iter().filter_map(|segment| segment.placeholder()) {
            carried.retain(|(member, _)| *member != placeholder.member);
            carried.push((placeholder.member, Need::Required));
        }
        carried
    }

    /// Whether the request can carry a member, including in its path.
    pub fn carries(&self, member: Member) -> bool {
        let mut placeholders = self.path.segments.iter().filter_map(|segment| segment.placeholder());
        self.message.carries(member) || placeholders.any(|placeholder| placeholder.member == member)
    }
}
