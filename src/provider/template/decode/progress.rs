//! What the reading of one content has come to so far.
//!
//! The first defect is the one that is told; that it is another message outweighs every defect.

use crate::provider::template::content::{Entry, Node, Object};
use crate::provider::template::hole::Need;
use crate::provider::template::reader::{DecodeError, Defect, DefectKind, Reading};

pub(super) struct Progress<'a> {
    pub(super) reading: Reading<'a>,
    /// How many objects and arrays are open.
    pub(super) depth: usize,
    /// Whether a constant differs.
    pub(super) another: bool,
    defect: Option<Defect>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(reading: Reading<'a>) -> Self {
        Self { reading, depth: 0, another: false, defect: None }
    }

    pub(super) fn end(self) -> Result<(), DecodeError> {
        match (self.another, self.defect) {
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

    /// Reads something that may turn out to be of another kind than the template's, as an element
    /// of a list may be: then its defects are none, and the answer is `false`.
    pub(super) fn apart<T, E>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<bool, E> {
        let before = (self.another, self.defect.take());
        self.another = false;
        read(self)?;
        let ours = !self.another;
        self.another = before.0;
        if before.1.is_some() || !ours {
            self.defect = before.1;
        }
        Ok(ours)
    }

    /// Notes what is missing because a whole object is not there.
    pub(super) fn absent(&mut self, object: &Object) {
        for entry in &object.entries {
            self.absent_entry(entry);
        }
    }

    pub(super) fn absent_entry(&mut self, entry: &Entry) {
        let missing = match &entry.node {
            Node::Object(object) | Node::JsonText(object) => return self.absent(object),
            Node::Constant(_) => {
                self.another |= !self.reading.lenient;
                return;
            }
            Node::Hole(place) => (place.hole.member, place.hole.need),
            Node::List(list) => (list.member, list.need),
        };
        if let (member, Need::Required) = missing {
            self.defect(DefectKind::Missing(member), &entry.pointer);
        }
    }
}
