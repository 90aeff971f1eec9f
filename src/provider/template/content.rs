//! A compiled content template: the provider's JSON with members in the holes.

use crate::model::member::Member;
use crate::provider::template::codec::Token;
use crate::provider::template::hole::{Hole, Need};

/// A place in the content and what stands there.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A JSON object.
    Object(Object),
    /// A JSON array with one element for each element of a list.
    List(List),
    /// A member's value, with constant text around it.
    Hole(Place),
    /// A constant: recognised when read, written as it is.
    Constant(Constant),
    /// A string that holds JSON.
    JsonText(Object),
}

/// A JSON object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    /// What stands in it, in the provider's order.
    pub entries: Vec<Entry>,
}

/// A name of an object and what stands under it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// The name as it is written: escaped, quoted, with its colon; and the constant that stands there.
    pub lead: String,
    /// Where it stands: a JSON pointer (RFC 6901), with `*` for any element.
    pub pointer: String,
    /// What stands there.
    pub node: Node,
}

/// A JSON array of a list's elements.
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// The list.
    pub member: Member,
    /// What an empty list is.
    pub need: Need,
    /// Each element.
    pub item: Object,
}

/// A hole and the text around it.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Before.
    pub prefix: String,
    /// The hole.
    pub hole: Hole,
    /// After.
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
    /// Whether a value of a message is this constant.
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
    /// Every hole and list in it, elements' own members excepted, with what its absence is.
    pub fn carried(&self, each: &mut impl FnMut(Member, Need)) {
        for entry in &self.entries {
            match &entry.node {
                Node::Object(object) | Node::JsonText(object) => object.carried(each),
                Node::List(list) => each(list.member, list.need),
                Node::Hole(place) => each(place.hole.member, place.hole.need),
                Node::Constant(_) => {}
            }
        }
    }

    /// Whether a member stands in it, elements' own excepted.
    pub fn carries(&self, member: Member) -> bool {
        self.entries.iter().any(|entry| match &entry.node {
            Node::Object(object) | Node::JsonText(object) => object.carries(member),
            Node::List(list) => list.member == member,
            Node::Hole(place) => place.hole.member == member,
            Node::Constant(_) => false,
        })
    }

    /// The members that stand in it, elements' own excepted.
    pub fn members(&self) -> Vec<Member> {
        let mut members = Vec::new();
        self.carried(&mut |member, _| members.push(member));
        members
    }

    /// The elements of a list as they stand in it, if it has that list.
    pub fn list(&self, member: Member) -> Option<&List> {
        self.entries.iter().find_map(|entry| match &entry.node {
            Node::Object(object) | Node::JsonText(object) => object.list(member),
            Node::List(list) => (list.member == member).then_some(list),
            Node::Hole(_) | Node::Constant(_) => None,
        })
    }

    /// Whether a member can stand in it.
    pub(crate) fn has_holes(&self) -> bool {
        self.entries.iter().any(|entry| match &entry.node {
            Node::Object(object) | Node::JsonText(object) => object.has_holes(),
            Node::List(_) | Node::Hole(_) => true,
            Node::Constant(_) => false,
        })
    }

    /// Whether a constant stands in it, by which a message is recognised.
    pub(crate) fn has_constants(&self) -> bool {
        self.entries.iter().any(|entry| match &entry.node {
            Node::Object(object) | Node::JsonText(object) => object.has_constants(),
            Node::Constant(_) => true,
            Node::List(_) | Node::Hole(_) => false,
        })
    }
}
