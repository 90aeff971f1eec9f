//! Decodes a provider's JSON into a record, driven by its template, in one pass.
//!
//! Names that the template does not have are skipped, as WebAuthn requires. A defect does not end the decoding,
//! because a later constant may show that this is another message.

mod entry_name;
mod expected_node;
mod node_visitor;
mod progress;
mod raw_json;
mod texts;

use serde::de::DeserializeSeed;

use crate::model::record::Record;
use crate::provider::template::content::Object;
use crate::provider::template::decode::expected_node::ExpectedNode;
use crate::provider::template::decode::node_visitor::{NodeVisitor, ValuePresence};
use crate::provider::template::decode::progress::Progress;
use crate::provider::template::decode_context::{DecodeContext, DecodeError, DefectKind};

/// Decodes content into a record. Members decoded before a defect stay in the record.
///
/// # Errors
/// If it is another message, or this message and broken.
pub fn decode<'a>(
    template: &Object,
    content: &'a [u8],
    context: DecodeContext<'a>,
    record: &mut dyn Record<'a>,
) -> Result<(), DecodeError> {
    let mut progress = Progress::new(context);
    let presence = match str::from_utf8(content) {
        // Checked once for the whole content: checking each string takes five times as long.
        Ok(text) => {
            let node = ExpectedNode::Object(template);
            let root = NodeVisitor { node, pointer: "", record, progress: &mut progress };
            let mut json = serde_json::Deserializer::from_str(text);
            let presence = root.deserialize(&mut json).and_then(|presence| json.end().map(|()| presence));
            presence.map_err(|error| (error.line(), error.column()))
        }
        Err(error) => Err(position_after(&content[..error.valid_up_to()])),
    };
    match presence {
        Ok(ValuePresence::Present) => {}
        Ok(ValuePresence::MissingMember) => {
            progress.absent(template);
            progress.defect(DefectKind::Expected("an object"), "");
        }
        Err((line, column)) => {
            progress.defect(DefectKind::Syntax { line, column }, "");
            // Content that does not parse cannot be recognised by its constants.
            progress.is_other_message |= template.has_constants() && !context.lenient;
        }
    }
    progress.end()
}

/// Line and column of the next byte, from 1.
fn position_after(before: &[u8]) -> (usize, usize) {
    let lines = before.iter().filter(|byte| **byte == b'\n').count();
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count();
    (lines + 1, column + 1)
}

#[cfg(test)]
mod tests {
    use crate::base::diagnostic::Diagnostics;
    use crate::base::document::Document;
    use crate::model::assertion::CredentialAssertion;
    use crate::provider::template::codec::Codec;
    use crate::provider::template::compile::Compiler;
    use crate::provider::template::decode_context::{Defect, Scratch};

    use super::*;

    fn read<'a>(
        toml: &str,
        json: &'a str,
        lenient: bool,
        scratch: &'a Scratch,
    ) -> Result<CredentialAssertion<'a>, DecodeError> {
        let document = Document::parse("x.toml", toml).unwrap();
        let source = document.source.clone();
        let mut compiler = Compiler { source, bytes: Codec::Base64Url, diagnostics: Diagnostics::default() };
        let mut record = CredentialAssertion::default();
        let template = compiler.content(&document.root, record.members());
        assert!(compiler.diagnostics.is_empty(), "{}", compiler.diagnostics);
        let reading = DecodeContext { scratch, now: jiff::Timestamp::UNIX_EPOCH, max_depth: 4, lenient };
        decode(&template, json.as_bytes(), reading, &mut record).map(|()| record)
    }

    #[test]
    fn text_around_a_placeholder_is_removed() {
        let scratch = Scratch::default();
        for (json, id) in [
            (r#"{"a":"user/1/x"}"#, Some("1")),
            (r#"{"a":"user//x"}"#, None),
            (r#"{"a":""}"#, None),
            (r#"{"a":null}"#, None),
            ("{}", None),
        ] {
            assert_eq!(read("a = 'user/{user.id}/x'", json, false, &scratch).unwrap().user_id.as_deref(), id, "{json}");
        }
        let broken = read("a = 'user/{user.id}/x'", r#"{"a":"group/1/x"}"#, false, &scratch).unwrap_err();
        let kind = DefectKind::Expected("of the documented form");
        assert_eq!(broken, DecodeError::Broken(Defect { kind, place: "/a".into() }));
    }

    #[test]
    fn absent_constant_is_accepted_only_by_lenient_decoding() {
        let scratch = Scratch::default();
        let template = "a = 1\nb = { c = 'x', d = true }\ne = '{user.id}'";
        for (json, strict, lenient) in [
            (r#"{"a":1,"b":{"c":"x","d":true}}"#, true, true),
            (r#"{"a":1.0,"b":{"c":"x","d":true}}"#, true, true),
            (r#"{"b":{"c":"x","d":true}}"#, false, true),
            (r#"{"a":1,"b":null}"#, false, true),
            (r#"{"a":null,"b":{"c":"x","d":true}}"#, false, true),
            (r#"{"a":2,"b":{"c":"x","d":true}}"#, false, false),
            (r#"{"a":1,"b":{"c":["x"],"d":true}}"#, false, false),
            (r#"{"a":1,"b":{"c":"x","d":{}}}"#, false, false),
            (r#"{"a":1,"b":{"c":"x","d":false},"e":7}"#, false, false),
        ] {
            assert_eq!(read(template, json, false, &scratch).is_ok(), strict, "{json}");
            assert_eq!(read(template, json, true, &scratch).is_ok(), lenient, "{json}");
            if !strict {
                assert_eq!(read(template, json, false, &scratch), Err(DecodeError::NotThisMessage), "{json}");
            }
        }
    }

    #[test]
    fn scratch_is_reusable() {
        let scratch = Scratch::default();
        let template = "a = { '$json' = { b = '{user.id!}' } }\nc = { '$json' = { d = '{session!}' } }";
        let first = read(template, r#"{"a":"{\"b\":\"1\"}","c":"{\"d\":\"2\"}"}"#, false, &scratch).unwrap();
        let second = read(template, r#"{"a":"{\"b\":\"3\"}","c":"{\"d\":\"4\"}"}"#, false, &scratch).unwrap();
        assert_eq!((first.user_id.as_deref(), first.session.as_deref()), (Some("1"), Some("2")));
        assert_eq!((second.user_id.as_deref(), second.session.as_deref()), (Some("3"), Some("4")));
    }

    #[test]
    fn strings_without_escapes_are_borrowed() {
        use std::borrow::Cow;
        let scratch = Scratch::default();
        let template = "a = '{user.id}'\nb = '{session}'\nc = '{hints}'\nd = '{extensions}'";
        let json = r#"{"a":"plain","b":"a\nb","c":["x","\u0079"],"d":{"e":"\u0066"}}"#;
        let record = read(template, json, false, &scratch).unwrap();
        assert!(matches!(record.user_id, Some(Cow::Borrowed("plain"))));
        assert_eq!(record.session.as_deref(), Some("a\nb"));
        assert!(matches!(&record.hints[..], [Cow::Borrowed("x"), Cow::Owned(y)] if y == "y"));
        assert!(matches!(record.extensions, Some(Cow::Borrowed(r#"{"e":"\u0066"}"#))));
    }

    #[test]
    fn invalid_unicode_is_a_syntax_error() {
        let unknown = (Object::default(), &b"{\"a\":\"\xff\"}"[..]);
        let bom = (Object::default(), &b"\xef\xbb\xbf{}"[..]);
        for (template, json) in [unknown, bom] {
            let scratch = Scratch::default();
            let reading =
                DecodeContext { scratch: &scratch, now: jiff::Timestamp::UNIX_EPOCH, max_depth: 4, lenient: true };
            let read = decode(&template, json, reading, &mut CredentialAssertion::default());
            assert!(is_syntax(read.as_ref()), "{read:?}");
        }
        let surrogate = read("a = '{user.id}'", r#"{"a":"\ud800"}"#, true, &Scratch::default()).map(|_| ());
        assert!(is_syntax(surrogate.as_ref()), "{surrogate:?}");
    }

    fn is_syntax(read: Result<&(), &DecodeError>) -> bool {
        matches!(read, Err(DecodeError::Broken(Defect { kind: DefectKind::Syntax { .. }, .. })))
    }
}
