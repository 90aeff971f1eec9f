//! Where the members of a message stand: in its path, its header fields, its query, its content.
//!
//! For people who want to know what becomes of a member. A place in the content is a JSON pointer
//! (RFC 6901), which also leads into JSON that stands in a string.

use crate::model::member::Member;
use crate::provider::template::content::{Constant, Node, Object};
use crate::provider::template::head::Named;
use crate::provider::template::hole::Pattern;
use crate::provider::template::message::{Message, RequestTemplate};

impl RequestTemplate {
    /// Where a member stands, in the form that is written; none where the request cannot carry it.
    pub fn places(&self, member: Member) -> Vec<String> {
        let in_path = self.path.segments.iter().filter_map(Pattern::hole).any(|hole| hole.member == member);
        let mut places: Vec<_> = in_path.then(|| "path".to_owned()).into_iter().collect();
        places.extend(self.message.places(member));
        places
    }
}

impl Message {
    /// Where a member stands, in the form that is written; none where the message cannot carry it.
    pub fn places(&self, member: Member) -> Vec<String> {
        let mut places = self.places_in_head(member);
        places.extend(self.content.iter().flat_map(|content| content.pointers(member)));
        places
    }

    /// Where a member stands outside the content.
    pub fn places_in_head(&self, member: Member) -> Vec<String> {
        let holds = |named: &&Named| named.pattern.hole().is_some_and(|hole| hole.member == member);
        let fields = self.fields.iter().filter(holds).map(|named| format!("field {}", named.name));
        fields.chain(self.query.iter().filter(holds).map(|named| format!("query {}", named.name))).collect()
    }
}

impl Object {
    /// The pointers to a member of the message itself.
    pub fn pointers(&self, member: Member) -> Vec<String> {
        let mut pointers = Vec::new();
        for entry in &self.entries {
            match &entry.node {
                Node::Object(object) | Node::JsonText(object) => pointers.extend(object.pointers(member)),
                Node::List(list) if list.member == member => pointers.push(entry.pointer.clone()),
                Node::Hole(place) if place.hole.member == member => pointers.push(entry.pointer.clone()),
                Node::List(_) | Node::Hole(_) | Node::Constant(_) => {}
            }
        }
        pointers
    }

    /// The constants, each with its pointer.
    pub fn constants(&self) -> Vec<(&str, &Constant)> {
        let mut constants = Vec::new();
        for entry in &self.entries {
            match &entry.node {
                Node::Object(object) | Node::JsonText(object) => constants.extend(object.constants()),
                Node::Constant(constant) => constants.push((entry.pointer.as_str(), constant)),
                Node::List(_) | Node::Hole(_) => {}
            }
        }
        constants
    }
}
