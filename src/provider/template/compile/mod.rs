//! From the tables of a provider file to templates; every mistake with its line and its remedy.
//!
//! The compiler goes on after a mistake, so that one run shows all of them; what it could not
//! understand is left out of the template, which a mistake keeps from being used.

mod content;
mod head;

use std::ops::Range;
use std::sync::Arc;

use crate::base::diagnostic::{Diagnostic, Diagnostics, Source};
use crate::model::member::Member;
use crate::provider::template::codec::Codec;
use crate::provider::template::hole::{self, BadHole, Pattern};

/// One compilation: the file, its way of writing bytes, and what was found wrong so far.
#[derive(Debug)]
pub struct Compiler {
    /// The file.
    pub source: Arc<Source>,
    /// How the provider writes binary values.
    pub bytes: Codec,
    /// What was found.
    pub diagnostics: Diagnostics,
}

impl Compiler {
    /// Notes a mistake.
    pub fn error(&mut self, span: &Range<usize>, message: impl Into<String>, label: &str, remedy: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(message).at(&self.source, span.clone()).label(label).remedy(remedy));
    }

    /// A member named by a key, with a diagnostic where there is none of that name.
    pub fn member(&mut self, name: &str, span: &Range<usize>, members: &'static [Member]) -> Option<Member> {
        hole::member(name, members).map_err(|bad| self.error(span, bad.message, "this name", bad.remedy)).ok()
    }

    fn pattern(&mut self, text: &str, span: &Range<usize>, members: &'static [Member]) -> Option<Pattern> {
        Pattern::parse(text, members, self.bytes).map_err(|bad| self.bad_hole(span, bad)).ok()
    }

    fn bad_hole(&mut self, span: &Range<usize>, bad: BadHole) {
        self.error(span, bad.message, "this hole", bad.remedy);
    }
}

#[cfg(test)]
mod tests {
    use crate::base::diagnostic::Diagnostics;
    use crate::base::document::Document;
    use crate::model::operation::{Direction, Operation};
    use crate::provider::template::codec::Codec;

    use super::*;

    /// What the compiler says of a content table.
    fn found(text: &str) -> Vec<String> {
        let document = Document::parse("x.toml", text).unwrap();
        let mut compiler =
            Compiler { source: document.source.clone(), bytes: Codec::Base64Url, diagnostics: Diagnostics::default() };
        compiler.content(&document.root, Operation::LoginBegin.members(Direction::Response));
        compiler.diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect()
    }

    #[test]
    fn a_whole_example_is_no_mistake() {
        let text = "a.publicKey = { challenge = '{challenge!}', timeout = '{timeout~}', hints = '{hints*}' }
            list = [{ '$each' = '{allow_credentials*}', id = '{id:base64!}', kind = 'public-key' }]
            json = { '$json' = { id = 'u-{user.id}-x', extensions = '{extensions}' } }
            code = 0
            ok = true";
        assert_eq!(found(text), Vec::<String>::new());
    }

    #[test]
    fn every_mistake_is_found() {
        for (text, message) in [
            ("a = '{chalenge}'", "there is no member `chalenge`"),
            ("a = '{user.email}'", "this message has no member `user.email`"),
            ("a = '{challenge'", "a `{` is never closed"),
            ("a = '{user.id}{user.id}'", "a string has more than one hole"),
            ("a = '{challenge:hex}'", "there is no codec `hex`"),
            ("a = '{challenge:minutes}'", "the codec `minutes` does not suit `challenge`, which is bytes"),
            ("a = '{timeout*}'", "nothing stands for an absent `timeout`, which is a number"),
            ("a = 'x{challenge}'", "only text can stand inside other text, and `challenge` is not"),
            ("a = '{allow_credentials}'", "`allow_credentials` is a list and cannot stand in a string"),
            ("a = 1.5", "a template cannot hold a float"),
            ("a = [1]", "an array must hold exactly one table, the form of each element"),
            ("a = [{ id = '{id}' }]", "the array does not say which list it holds"),
            ("a = [{ '$each' = 'x' }]", "`$each` must name a list"),
            ("a = [{ '$each' = '{hints}' }]", "`hints` is a list of texts, not a list"),
            (
                "a = [{ '$each' = '{hints:minutes}' }]",
                "the codec `minutes` does not suit `hints`, which is a list of texts",
            ),
            (
                "a = [{ '$each' = '{allow_credentials}' }]\nb = [{ '$each' = '{allow_credentials}' }]",
                "`allow_credentials` stands in two arrays",
            ),
            ("a = { '$json' = 1 }", "`$json` must hold a table and stand alone"),
            ("a = { '$json' = {}, b = 1 }", "`$json` must hold a table and stand alone"),
            (
                "a = { '$json' = { b = { '$json' = {} } } }",
                "JSON in a string cannot stand inside another one, nor in a list",
            ),
            ("'$if' = 1", "`$if` has no meaning here"),
        ] {
            assert_eq!(found(text), [message], "{text}");
        }
    }

    #[test]
    fn an_object_has_at_most_64_names() {
        let text: String = (0..65).map(|number| format!("n{number} = 1\n")).collect();
        assert_eq!(found(&text), ["an object has more than 64 names"]);
    }
}
