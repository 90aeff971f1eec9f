//! How a message is decoded, and why that can fail.

use std::fmt;
use std::sync::OnceLock;

use jiff::Timestamp;

use crate::model::member::Member;

/// Why a message could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// It is another message: a constant of the template differs or is absent.
    NotThisMessage,
    /// It is this message, and broken.
    Broken(Defect),
}

/// A mistake in a message, and its position. Never contains a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// The mistake.
    pub kind: DefectKind,
    /// The place: a JSON pointer, a header field, a query parameter, or the path.
    pub place: String,
}

/// The kinds of defects.
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
    /// A value has the wrong type or form.
    Expected(&'static str),
    /// A name occurs more than once in an object.
    Duplicate,
    /// Two places of the same member have different values.
    Disagree,
    /// Objects and arrays are nested too deeply.
    TooDeep,
}

impl fmt::Display for Defect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.place.is_empty() { "The content" } else { &self.place };
        match &self.kind {
            DefectKind::Syntax { line, column } => {
                write!(formatter, "The content is not valid JSON (line {line}, column {column}).")
            }
            DefectKind::Missing(_) => write!(formatter, "{place} is required."),
            DefectKind::Expected(noun) => write!(formatter, "{place} must be {noun}."),
            DefectKind::Duplicate => write!(formatter, "{place} occurs more than once."),
            DefectKind::Disagree => write!(formatter, "{place} contradicts another occurrence of the same value."),
            DefectKind::TooDeep => write!(formatter, "The content is nested too deeply."),
        }
    }
}

/// How a message is decoded.
#[derive(Clone, Copy, Debug)]
pub struct DecodeContext<'a> {
    /// Keeps unwrapped JSON strings, from which members borrow.
    pub scratch: &'a Scratch,
    /// The current time, for values that are written as an instant.
    pub now: Timestamp,
    /// The maximum nesting depth of objects and arrays.
    pub max_depth: usize,
    /// Whether a constant may be absent. A provider's response may omit what its documentation does not require.
    /// Requests and faults are recognised by their constants, so there it may not.
    pub lenient: bool,
}

/// Texts that were unwrapped while decoding; members borrow from them.
///
/// A text is never moved, so several attempts at decoding one message can share a scratch.
#[derive(Debug, Default)]
pub struct Scratch(OnceLock<Box<Entry>>);

#[derive(Debug)]
struct Entry {
    text: String,
    next: Scratch,
}

impl Scratch {
    /// Stores a text.
    pub(crate) fn keep(&self, text: String) -> &str {
        let mut scratch = self;
        let mut new = Box::new(Entry { text, next: Self::default() });
        loop {
            // If another thread was faster, the text is returned and stored in the next entry.
            let lost = scratch.0.set(new);
            let kept = scratch.0.get().expect("the entry was filled just now");
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
    fn kept_texts_stay_valid() {
        let scratch = Scratch::default();
        let texts: Vec<&str> = (0..4).map(|number| scratch.keep(number.to_string())).collect();
        assert_eq!(texts, ["0", "1", "2", "3"]);
    }
}
