//! The places of a member in a message: path, header fields, query and content.
//!
//! Used in human-readable output. A place in the content is a JSON pointer (RFC 6901), which also leads into JSON in a
//! string.

use crate::model::member::Member;
use crate::provider::template::content::{Constant, Node, Object};
use crate::provider::template::head::NamedPattern;
use crate::provider::template::message::{Message, RequestTemplate};
use crate::provider::template::placeholder::Pattern;

impl RequestTemplate {
    /// The places of a member; none if the request cannot carry it.
    pub fn places(&self, member: Member) -> Vec<String> {
        let in_path =
            self.path.segments.iter().filter_map(Pattern::placeholder).any(|placeholder| placeholder.member == member);
        let mut places: Vec<_> = in_path.then(|| "path".to_owned()).into_iter().collect();
        places.extend(self.message.places(member));
        places
    }
}

impl Message {
    /// The places of a member; none if the message cannot carry it.
    pub fn places(&self, member: Member) -> Vec<String> {
        let mut places = self.places_in_head(member);
        places.extend(self.content.iter().flat_map(|content| content.pointers(member)));
        places
    }

    /// The places of a member outside of the content.
    pub fn places_in_head(&self, member: Member) -> Vec<String> {
        let holds =
            |named: &&NamedPattern| named.pattern.placeholder().is_some_and(|placeholder| placeholder.member == member);
        let fields = self.fields.iter().filter(holds).map(|named| format!("field {}", named.name));
        fields.chain(self.query.iter().filter(holds).map(|named| format!("query {}", named.name))).collect()
    }
}

impl Object {
    /// The pointers to a member, outside of list elements.
    pub fn pointers(&self, member: Member) -> Vec<String> {
        let mut pointers = Vec::new();
        for entry in &self.entries {
            match &entry.node {
                Node::Object(object) | Node::JsonText(object) => pointers.extend(object.pointers(member)),
                Node::List(list) if list.member == member => pointers.push(entry.pointer.clone()),
                Node::Placeholder(embedded) if embedded.placeholder.member == member => {
                    pointers.push(entry.pointer.clone())
                }
                Node::List(_) | Node::Placeholder(_) | Node::Constant(_) => {}
            }
        }
        pointers
    }

    /// The constants with their pointers.
    pub fn constants(&self) -> Vec<(&str, &Constant)> {
        let mut constants = Vec::new();
        for entry in &self.entries {
            match &entry.node {
                Node::Object(object) | Node::JsonText(object) => constants.extend(object.constants()),
                Node::Constant(constant) => constants.push((entry.pointer.as_str(), constant)),
                Node::List(_) | Node::Placeholder(_) => {}
            }
        }
        constants
    }
}
