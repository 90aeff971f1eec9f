//! A compiled content template: the provider's JSON with placeholders for members.

use crate::model::member::Member;
use crate::provider::template::codec::Token;
use crate::provider::template::placeholder::{Need, Placeholder};

/// A node of the content.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A JSON object.
    Object(Object),
    /// A JSON array with one element for each element of a list.
    List(List),
    /// A member's value, with constant text around it.
    Placeholder(EmbeddedPlaceholder),
    /// A constant: compared when decoding, written as it is.
    Constant(Constant),
    /// A string that holds JSON.
    JsonText(Object),
}

/// A JSON object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    /// Its entries, in the provider's order.
    pub entries: Vec<Entry>,
}

/// A name of an object and its node.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// The name as it is written: escaped, quoted, with its colon, followed by the value if it is a constant.
    pub lead: String,
    /// A JSON pointer (RFC 6901), with `*` for any element.
    pub pointer: String,
    /// The node.
    pub node: Node,
}

/// A JSON array of a list's elements.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// The list.
    pub member: Member,
    /// How an empty list is written.
    pub need: Need,
    /// The template of each element.
    pub item: Object,
}

/// A placeholder and the constant text around it.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddedPlaceholder {
    /// The text before.
    pub prefix: String,
    /// The placeholder.
    pub placeholder: Placeholder,
    /// The text after.
    pub suffix: String,
}

/// A constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constant {
    /// A string.
    Text(String),
    /// A number.
    Number(i64),
    /// A boolean.
    Flag(bool),
}

impl Constant {
    /// Whether a value equals this constant.
    pub(crate) fn is(&self, token: &Token<'_>) -> bool {
        match (self, token) {
            (Self::Text(expected), Token::Text(found)) => expected == found,
            (Self::Number(expected), Token::Number(found)) => expected == found,
            (Self::Flag(expected), Token::Flag(found)) => expected == found,
            (Self::Text(_) | Self::Number(_) | Self::Flag(_), _) => false,
        }
    }
}

impl Object {
    /// Calls `each` with every member outside of list elements and its need.
    pub fn carried(&self, each: &mut impl FnMut(Member, Need)) {
        for entry in &self.entries {
            match &entry.node {
                Node::Object(object) | Node::JsonText(object) => object.carried(each),
                Node::List(list) => each(list.member, list.need),
                Node::Placeholder(embedded) => each(embedded.placeholder.member, embedded.placeholder.need),
                Node::Constant(_) => {}
            }
        }
    }

    /// Whether a member has a place outside of list elements.
    pub fn carries(&self, member: Member) -> bool {
        self.entries.iter().any(|entry| match &entry.node {
            Node::Object(object) | Node::JsonText(object) => object.carries(member),
            Node::List(list) => list.member == member,
            Node::Placeholder(embedded) => embedded.placeholder.member == member,
            Node::Constant(_) => false,
        })
    }

    /// The members outside of list elements.
    pub fn members(&self) -> Vec<Member> {
        let mut members = Vec::new();
        self.carried(&mut |member, _| members.push(member));
        members
    }

    /// The list of that member.
    pub fn list(&self, member: Member) -> Option<&List> {
        self.entries.iter().find_map(|entry| match &entry.node {
            Node::Object(object) | Node::JsonText(object) => object.list(member),
            Node::List(list) => (list.member == member).then_some(list),
            Node::Placeholder(_) | Node::Constant(_) => None,
        })
    }

    /// Whether it has any placeholder or list.
    pub(crate) fn has_placeholders(&self) -> bool {
        self.entries.iter().any(|entry| match &entry.node {
            Node::Object(object) | Node::JsonText(object) => object.has_placeholders(),
            Node::List(_) | Node::Placeholder(_) => true,
            Node::Constant(_) => false,
        })
    }

    /// Whether it has a constant, by which a message is recognised.
    pub(crate) fn has_constants(&self) -> bool {
        self.entries.iter().any(|entry| match &entry.node {
            Node::Object(object) | Node::JsonText(object) => object.has_constants(),
            Node::Constant(_) => true,
            Node::List(_) | Node::Placeholder(_) => false,
        })
    }
}
