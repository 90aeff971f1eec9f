//! The template of a whole message: head and content, and what it cannot carry.

use crate::model::member::Member;
use crate::provider::template::content::{List, Object};
use crate::provider::template::head::{Named, Path};
use crate::provider::template::hole::Need;

/// A message of one operation in one direction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// Header fields.
    pub fields: Vec<Named>,
    /// Query parameters.
    pub query: Vec<Named>,
    /// The content; `None` where the message has none.
    pub content: Option<Object>,
    /// Other forms of the content that are read too, and never written.
    pub also: Vec<Object>,
    /// What the message cannot carry, and why.
    pub omits: Vec<Omission>,
}

/// A member that a message cannot carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Omission {
    /// Of the elements of which list; `None` for a member of the message itself.
    pub list: Option<Member>,
    /// Which.
    pub member: Member,
    /// Why, in a sentence for people.
    pub reason: String,
}

/// Who may make a request, as the provider sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Caller {
    /// Nobody is asked.
    Open,
    /// An application with an API key.
    Key,
    /// An application with an id and a secret.
    Client,
    /// The end user, with a bearer token.
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

    /// The member by which such a caller is known.
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
    /// Who makes it.
    pub caller: Caller,
    /// The rest.
    pub message: Message,
}

/// The answer to an operation.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseTemplate {
    /// The status of success.
    pub status: http::StatusCode,
    /// The rest.
    pub message: Message,
}

impl Message {
    /// Every member the message can carry, with the strongest need it has for it.
    pub fn carried(&self) -> Vec<(Member, Need)> {
        let mut carried: Vec<(Member, Need)> = Vec::new();
        let mut add = |member, need| match carried.iter_mut().find(|(known, _)| *known == member) {
            Some((_, strongest)) if need == Need::Required => *strongest = need,
            Some(_) => {}
            None => carried.push((member, need)),
        };
        let heads = self.fields.iter().chain(&self.query);
        for hole in heads.filter_map(|named| named.pattern.hole()) {
            add(hole.member, hole.need);
        }
        if let Some(content) = &self.content {
            content.carried(&mut add);
        }
        carried
    }

    /// Whether the message can carry a member.
    pub fn carries(&self, member: Member) -> bool {
        let mut heads = self.fields.iter().chain(&self.query).filter_map(|named| named.pattern.hole());
        heads.any(|hole| hole.member == member) || self.content.as_ref().is_some_and(|content| content.carries(member))
    }

    /// Whether a constant of its content tells it from others on the same path.
    pub fn has_constants(&self) -> bool {
        self.content.as_ref().is_some_and(Object::has_constants)
    }

    /// The list of that member, if the content has it.
    pub fn list(&self, member: Member) -> Option<&List> {
        self.content.as_ref().and_then(|content| content.list(member))
    }

    /// Why the message cannot carry a member, if it says so.
    pub fn omission(&self, member: Member) -> Option<&str> {
        self.reason(None, member)
    }

    /// Why a list's elements cannot carry a member, if the message says so.
    pub fn element_omission(&self, list: Member, member: Member) -> Option<&str> {
        self.reason(Some(list), member)
    }

    fn reason(&self, list: Option<Member>, member: Member) -> Option<&str> {
        let of = |omission: &&Omission| omission.list == list && omission.member == member;
        self.omits.iter().find(of).map(|omission| omission.reason.as_str())
    }
}

impl RequestTemplate {
    /// Every member the request can carry, those of its path among them.
    pub fn carried(&self) -> Vec<(Member, Need)> {
        let mut carried = self.message.carried();
        for hole in self.path.segments.iter().filter_map(|segment| segment.hole()) {
            carried.retain(|(member, _)| *member != hole.member);
            carried.push((hole.member, Need::Required));
        }
        carried
    }

    /// Whether the request can carry a member, perhaps in its path.
    pub fn carries(&self, member: Member) -> bool {
        let mut holes = self.path.segments.iter().filter_map(|segment| segment.hole());
        self.message.carries(member) || holes.any(|hole| hole.member == member)
    }
}
