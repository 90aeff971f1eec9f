//! What reading a message can come to, and the state that one reading carries along.

use std::fmt;
use std::sync::OnceLock;

use jiff::Timestamp;

use crate::model::member::Member;

/// Why a message could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// It is another message: a constant of the template does not stand there.
    NotThisMessage,
    /// It is this message, and broken.
    Broken(Defect),
}

/// What is broken in a message, and where; never a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// What is wrong.
    pub kind: DefectKind,
    /// Where: a JSON pointer, or `field x`, `query x`, `path`.
    pub place: String,
}

/// The ways a message can be broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefectKind {
    /// The content is not one JSON document.
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// A required member is absent.
    Missing(Member),
    /// A value is not what the place holds.
    Expected(&'static str),
    /// A name stands twice in one object.
    Duplicate,
    /// Two places of one member differ.
    Disagree,
    /// Objects and arrays are nested too deep.
    TooDeep,
}

impl fmt::Display for Defect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.place.is_empty() { "The content" } else { &self.place };
        match &self.kind {
            DefectKind::Syntax { line, column } => {
                write!(formatter, "The content is not one valid JSON document (line {line}, column {column}).")
            }
            DefectKind::Missing(_) => write!(formatter, "{place} is required."),
            DefectKind::Expected(noun) => write!(formatter, "{place} must be {noun}."),
            DefectKind::Duplicate => write!(formatter, "{place} stands there twice."),
            DefectKind::Disagree => write!(formatter, "{place} differs from the other place of the same value."),
            DefectKind::TooDeep => write!(formatter, "The content is nested too deep."),
        }
    }
}

/// How a message is read.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// Where JSON that stood inside a string is kept while its members borrow from it.
    pub scratch: &'a Scratch,
    /// The time it is, for values that are told as an instant.
    pub now: Timestamp,
    /// How deep objects and arrays may be nested.
    pub max_depth: usize,
    /// Whether a constant may be absent. A provider's answer may leave out what its documents do
    /// not require; a request and a fault are recognised by their constants, so there it may not.
    pub lenient: bool,
}

/// Room for texts that a reading had to unwrap: members borrow from them for as long as it lives.
///
/// A text stays where it is put, so that the forms and operations tried on one message can share
/// one scratch.
#[derive(Debug, Default)]
pub struct Scratch(OnceLock<Box<Kept>>);

#[derive(Debug)]
struct Kept {
    text: String,
    next: Scratch,
}

impl Scratch {
    /// Keeps a text.
    pub(crate) fn keep(&self, text: String) -> &str {
        let mut scratch = self;
        let mut new = Box::new(Kept { text, next: Self::default() });
        loop {
            // A loser of a race gets its text back and goes to the next place.
            let lost = scratch.0.set(new);
            let kept = scratch.0.get().expect("the place was filled just now");
            match lost {
                Ok(()) => return &kept.text,
                Err(back) => {
                    new = back;
                    scratch = &kept.next;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_stays_where_it_was_put() {
        let scratch = Scratch::default();
        let texts: Vec<&str> = (0..4).map(|number| scratch.keep(number.to_string())).collect();
        assert_eq!(texts, ["0", "1", "2", "3"]);
    }
}
