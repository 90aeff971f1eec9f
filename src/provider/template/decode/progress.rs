//! The state of decoding one content.
//!
//! Only the first defect is reported, and none if the content turns out to be another message.

use crate::provider::template::content::{Entry, Node, Object};
use crate::provider::template::decode::raw_json;
use crate::provider::template::decode_context::{DecodeContext, DecodeError, Defect, DefectKind};
use crate::provider::template::placeholder::Need;

pub(super) struct Progress<'a> {
    pub(super) context: DecodeContext<'a>,
    /// The number of open objects and arrays.
    pub(super) depth: usize,
    /// Whether a constant differs.
    pub(super) is_other_message: bool,
    defect: Option<Defect>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(context: DecodeContext<'a>) -> Self {
        Self { context, depth: 0, is_other_message: false, defect: None }
    }

    pub(super) fn end(self) -> Result<(), DecodeError> {
        match (self.is_other_message, self.defect) {
            (true, _) => Err(DecodeError::NotThisMessage),
            (false, Some(defect)) => Err(DecodeError::Broken(defect)),
            (false, None) => Ok(()),
        }
    }

    #[cold]
    pub(super) fn defect(&mut self, kind: DefectKind, pointer: &str) {
        if self.defect.is_none() {
            self.defect = Some(Defect { kind, place: pointer.to_owned() });
        }
    }

    /// Whether a JSON text at the current depth exceeds the limit.
    pub(super) fn is_too_deep(&self, json: &str) -> bool {
        self.depth + raw_json::nesting(json) > self.context.max_depth
    }

    /// Reads an element of a list, which may be of another kind than the template's: then its defects are
    /// dropped and the result is `false`.
    pub(super) fn element<E>(&mut self, read: impl FnOnce(&mut Self) -> Result<(), E>) -> Result<bool, E> {
        let before = (self.is_other_message, self.defect.take());
        self.is_other_message = false;
        read(self)?;
        let is_listed = !self.is_other_message;
        self.is_other_message = before.0;
        if before.1.is_some() || !is_listed {
            self.defect = before.1;
        }
        Ok(is_listed)
    }

    /// Reports the required members of an absent object.
    pub(super) fn absent(&mut self, object: &Object) {
        for entry in &object.entries {
            self.absent_entry(entry);
        }
    }

    pub(super) fn absent_entry(&mut self, entry: &Entry) {
        let missing = match &entry.node {
            Node::Object(object) | Node::JsonText(object) => return self.absent(object),
            Node::Constant(_) => {
                self.is_other_message |= !self.context.lenient;
                return;
            }
            Node::Placeholder(embedded) => (embedded.placeholder.member, embedded.placeholder.need),
            Node::List(list) => (list.member, list.need),
        };
        if let (member, Need::Required) = missing {
            self.defect(DefectKind::Missing(member), &entry.pointer);
        }
    }
}
