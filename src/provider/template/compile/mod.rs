//! Compiles tables of a provider file to templates.
//!
//! The compiler continues after an error, so that one run reports all of them. A template with an error is never
//! used.

mod content;
mod head;

use std::ops::Range;
use std::sync::Arc;

use crate::base::diagnostic::{Diagnostic, Diagnostics, Source};
use crate::model::member::Member;
use crate::provider::template::codec::Codec;
use crate::provider::template::placeholder::{self, InvalidPlaceholder, Pattern};

/// The state of one compilation.
#[derive(Debug)]
pub struct Compiler {
    /// The file.
    pub source: Arc<Source>,
    /// The default codec for bytes.
    pub bytes: Codec,
    /// The errors found so far.
    pub diagnostics: Diagnostics,
}

impl Compiler {
    /// Reports an error.
    pub fn error(&mut self, span: &Range<usize>, message: impl Into<String>, label: &str, remedy: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(message).at(&self.source, span.clone()).label(label).remedy(remedy));
    }

    /// The member of that name; reports an error if there is none.
    pub fn member(&mut self, name: &str, span: &Range<usize>, members: &'static [Member]) -> Option<Member> {
        placeholder::member(name, members).map_err(|bad| self.error(span, bad.message, "this name", bad.remedy)).ok()
    }

    fn pattern(&mut self, text: &str, span: &Range<usize>, members: &'static [Member]) -> Option<Pattern> {
        Pattern::parse(text, members, self.bytes).map_err(|bad| self.invalid_placeholder(span, bad)).ok()
    }

    fn invalid_placeholder(&mut self, span: &Range<usize>, bad: InvalidPlaceholder) {
        self.error(span, bad.message, "this placeholder", bad.remedy);
    }
}

#[cfg(test)]
mod tests {
    use crate::base::diagnostic::Diagnostics;
    use crate::base::document::Document;
    use crate::model::operation::{Direction, Operation};
    use crate::provider::template::codec::Codec;

    use super::*;

    /// The errors of a content table.
    fn found(text: &str) -> Vec<String> {
        let document = Document::parse("x.toml", text).unwrap();
        let mut compiler =
            Compiler { source: document.source.clone(), bytes: Codec::Base64Url, diagnostics: Diagnostics::default() };
        compiler.content(&document.root, Operation::LoginBegin.members(Direction::Response));
        compiler.diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect()
    }

    #[test]
    fn complete_example_has_no_errors() {
        let text = "a.publicKey = { challenge = '{challenge!}', timeout = '{timeout~}', hints = '{hints*}' }
            list = [{ '$each' = '{allow_credentials*}', id = '{id:base64!}', kind = 'public-key' }]
            json = { '$json' = { id = 'u-{user.id}-x', extensions = '{extensions}' } }
            code = 0
            ok = true";
        assert_eq!(found(text), Vec::<String>::new());
    }

    #[test]
    fn every_error_is_found() {
        for (text, message) in [
            ("a = '{chalenge}'", "unknown member `chalenge`"),
            ("a = '{user.email}'", "this message has no member `user.email`"),
            ("a = '{challenge'", "a `{` is never closed"),
            ("a = '{user.id}{user.id}'", "a string has more than one placeholder"),
            ("a = '{challenge:hex}'", "unknown codec `hex`"),
            ("a = '{challenge:minutes}'", "the codec `minutes` cannot encode `challenge`, which is bytes"),
            ("a = '{timeout*}'", "`timeout` is a number and cannot be written as `\"\"` or `[]`"),
            ("a = 'x{challenge}'", "`challenge` is bytes and cannot be part of a longer text"),
            ("a = '{allow_credentials}'", "`allow_credentials` is a list and cannot be part of a string"),
            ("a = 1.5", "a template cannot contain a float"),
            ("a = [1]", "an array must have exactly one table, the template of its elements"),
            ("a = [{ id = '{id}' }]", "the array has no `$each`"),
            ("a = [{ '$each' = 'x' }]", "`$each` must name a list"),
            ("a = [{ '$each' = '{hints}' }]", "`hints` is a list of strings, not a list"),
            (
                "a = [{ '$each' = '{hints:minutes}' }]",
                "the codec `minutes` cannot encode `hints`, which is a list of strings",
            ),
            (
                "a = [{ '$each' = '{allow_credentials}' }]\nb = [{ '$each' = '{allow_credentials}' }]",
                "two arrays hold `allow_credentials`",
            ),
            ("a = { '$json' = 1 }", "`$json` must be the only key of its table, and its value must be a table"),
            ("a = { '$json' = {}, b = 1 }", "`$json` must be the only key of its table, and its value must be a table"),
            ("a = { '$json' = { b = { '$json' = {} } } }", "`$json` cannot be nested in another `$json` or in a list"),
            ("'$if' = 1", "unknown key `$if`"),
        ] {
            assert_eq!(found(text), [message], "{text}");
        }
    }

    #[test]
    fn object_with_more_than_64_names_is_rejected() {
        let text: String = (0..65).map(|number| format!("n{number} = 1\n")).collect();
        assert_eq!(found(&text), ["an object has more than 64 names"]);
    }
}
