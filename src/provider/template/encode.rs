//! Writing a record as a provider's JSON, driven by its template, into one buffer.
//!
//! A table that has holes and none of whose members is there is left out with its constants. A
//! required member that is absent is an error, unless WebAuthn says what its absence means or the
//! route relaxed it.

use jiff::Timestamp;

use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::{Kind, Value};
use crate::provider::template::codec::Token;
use crate::provider::template::content::{Constant, List, Node, Object, Place};
use crate::provider::template::hole::{Hole, Need};

/// A required member has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absent(pub Member);

/// How a message is written.
#[derive(Clone, Copy, Debug)]
pub struct Writing<'w> {
    /// The time it is, for values that are told as an instant.
    pub now: Timestamp,
    /// Required members that may be written empty.
    pub relaxed: &'w [Member],
}

/// Writes a record as content, after what is in the buffer already.
pub fn encode(
    template: &Object,
    record: &dyn Record<'_>,
    writing: Writing<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Absent> {
    object(template, record, writing, out).map(|_| ())
}

/// What was written at a place.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Wrote {
    /// Nothing: the place and its name are to be left out.
    Nothing,
    /// A constant, which says nothing by itself.
    Constant,
    /// A member, or what stands for its absence.
    Member,
}

fn object(
    template: &Object,
    record: &dyn Record<'_>,
    writing: Writing<'_>,
    out: &mut Vec<u8>,
) -> Result<Wrote, Absent> {
    out.push(b'{');
    let first = out.len();
    let mut most = Wrote::Nothing;
    for entry in &template.entries {
        let before = out.len();
        if before > first {
            out.push(b',');
        }
        out.extend_from_slice(entry.lead.as_bytes());
        match node(&entry.node, record, writing, out)? {
            Wrote::Nothing => out.truncate(before),
            wrote if wrote > most => most = wrote,
            Wrote::Constant | Wrote::Member => {}
        }
    }
    out.push(b'}');
    Ok(most)
}

fn node(node: &Node, record: &dyn Record<'_>, writing: Writing<'_>, out: &mut Vec<u8>) -> Result<Wrote, Absent> {
    match node {
        Node::Object(inner) => nested(inner, record, writing, out),
        Node::JsonText(inner) => {
            let mut text = Vec::new();
            let wrote = nested(inner, record, writing, &mut text)?;
            if wrote != Wrote::Nothing {
                string(std::str::from_utf8(&text).expect("JSON is written from text"), out);
            }
            Ok(wrote)
        }
        Node::List(template) => list(template, record, writing, out),
        Node::Hole(place) => hole(place, record, writing, out),
        Node::Constant(_) => Ok(Wrote::Constant), // it was written with its name
    }
}

fn nested(
    template: &Object,
    record: &dyn Record<'_>,
    writing: Writing<'_>,
    out: &mut Vec<u8>,
) -> Result<Wrote, Absent> {
    let before = out.len();
    let wrote = object(template, record, writing, out)?;
    match template.has_holes() {
        false => Ok(Wrote::Constant),
        true if wrote == Wrote::Member => Ok(Wrote::Member),
        true => {
            out.truncate(before);
            Ok(Wrote::Nothing)
        }
    }
}

fn list(template: &List, record: &dyn Record<'_>, writing: Writing<'_>, out: &mut Vec<u8>) -> Result<Wrote, Absent> {
    let count = record.count(template.member);
    if count == 0 {
        return blank(template.member, template.need, writing, out);
    }
    out.push(b'[');
    for index in 0..count {
        if index > 0 {
            out.push(b',');
        }
        let element = record.element(template.member, index).expect("the index is below the count");
        object(&template.item, element, writing, out)?;
    }
    out.push(b']');
    Ok(Wrote::Member)
}

fn hole(place: &Place, record: &dyn Record<'_>, writing: Writing<'_>, out: &mut Vec<u8>) -> Result<Wrote, Absent> {
    let Hole { member, codec, need } = place.hole;
    let value = match record.value(member) {
        None if need == Need::Required => member.meaning_when_absent(),
        value => value,
    };
    match value {
        None => return blank(member, need, writing, out),
        Some(Value::Text(text)) => around(place, &codec.write_text(&text), out),
        Some(Value::Bytes(bytes)) => {
            out.push(b'"');
            codec.write_bytes(&bytes, out);
            out.push(b'"');
        }
        Some(Value::Number(number)) => match codec.write_number(number, writing.now) {
            Token::Number(number) => integer(number, out),
            Token::Text(text) => string(&text, out),
            Token::Flag(_) => unreachable!("no codec writes a number as a flag"),
        },
        Some(Value::Flag(flag)) => out.extend_from_slice(if flag { b"true" } else { b"false" }),
        Some(Value::Texts(texts)) => {
            for (index, text) in texts.iter().enumerate() {
                out.push(if index == 0 { b'[' } else { b',' });
                string(text, out);
            }
            out.push(b']');
        }
        Some(Value::Json(json)) => out.extend_from_slice(json.as_bytes()),
    }
    Ok(Wrote::Member)
}

/// Writes what stands for an absent member. Nothing stands for a number, so that a relaxed one is
/// left out.
fn blank(member: Member, need: Need, writing: Writing<'_>, out: &mut Vec<u8>) -> Result<Wrote, Absent> {
    let empty: &[u8] = match member.kind() {
        Kind::Text | Kind::Bytes => b"\"\"",
        Kind::Texts | Kind::List(_) => b"[]",
        Kind::Json => b"{}",
        Kind::Number | Kind::Flag => b"",
    };
    let blank = match need {
        Need::Optional => return Ok(Wrote::Nothing),
        Need::Nullable => b"null",
        Need::Blank => empty,
        Need::Required if writing.relaxed.contains(&member) => empty,
        Need::Required => return Err(Absent(member)),
    };
    out.extend_from_slice(blank);
    Ok(if blank.is_empty() { Wrote::Nothing } else { Wrote::Member })
}

fn around(place: &Place, text: &str, out: &mut Vec<u8>) {
    if place.prefix.is_empty() && place.suffix.is_empty() {
        return string(text, out);
    }
    string(&[&place.prefix, text, &place.suffix].concat(), out);
}

pub(crate) fn string(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("writing text into memory cannot fail");
}

/// Writes a constant's value.
pub(crate) fn constant(constant: &Constant, out: &mut Vec<u8>) {
    match constant {
        Constant::Text(text) => string(text, out),
        Constant::Number(number) => integer(*number, out),
        Constant::Flag(flag) => out.extend_from_slice(if *flag { b"true" } else { b"false" }),
    }
}

fn integer(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

#[cfg(test)]
mod tests {
    use crate::base::diagnostic::Diagnostics;
    use crate::base::document::Document;
    use crate::model::assertion::{CredentialAssertion, Descriptor};
    use crate::provider::template::codec::Codec;
    use crate::provider::template::compile::Compiler;

    use super::*;

    fn written(toml: &str, record: &CredentialAssertion<'_>, relaxed: &[Member]) -> Result<String, Absent> {
        let document = Document::parse("x.toml", toml).unwrap();
        let source = document.source.clone();
        let mut compiler = Compiler { source, bytes: Codec::Base64Url, diagnostics: Diagnostics::default() };
        let template = compiler.content(&document.root, record.members());
        assert!(compiler.diagnostics.is_empty(), "{}", compiler.diagnostics);
        let mut out = Vec::new();
        encode(&template, record, Writing { now: Timestamp::UNIX_EPOCH, relaxed }, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn absence_is_written_as_the_hole_says() {
        let nobody = CredentialAssertion::default();
        for (toml, json) in [
            ("a = '{user.id}'", "{}"),
            ("a = '{user.id~}'\nb = '{timeout~}'", r#"{"a":null,"b":null}"#),
            ("a = '{user.id*}'\nb = '{hints*}'\nc = '{extensions*}'", r#"{"a":"","b":[],"c":{}}"#),
            ("a = '{user_verification!}'", r#"{"a":"preferred"}"#),
            ("a = [{ '$each' = '{allow_credentials*}', id = '{id!}' }]", r#"{"a":[]}"#),
            ("a = 'user/{user.id}'", "{}"),
        ] {
            assert_eq!(written(toml, &nobody, &[]).as_deref(), Ok(json), "{toml}");
        }
        assert_eq!(written("a = '{user.id!}'", &nobody, &[]), Err(Absent(Member::UserId)));
    }

    #[test]
    fn a_table_goes_with_its_last_member() {
        let nobody = CredentialAssertion::default();
        for (toml, json) in [
            ("a = { b = 1, c = '{user.id}' }\nd = 2", r#"{"d":2}"#),
            ("a = { b = { c = '{user.id}' }, e = 'x' }", "{}"),
            ("a = { b = 1, c = '{user.id~}' }", r#"{"a":{"b":1,"c":null}}"#),
            ("a = { b = 1 }\nc = {}\nd = true", r#"{"a":{"b":1},"c":{},"d":true}"#),
            ("a = { '$json' = { b = 1, c = '{user.id}' } }", "{}"),
        ] {
            assert_eq!(written(toml, &nobody, &[]).as_deref(), Ok(json), "{toml}");
        }
    }

    #[test]
    fn a_relaxed_member_is_written_empty() {
        let nobody = CredentialAssertion::default();
        let toml = "a = '{user.id!}'\nb = '{timeout!}'\nc = '{challenge!}'\nd = [{ '$each' = '{allow_credentials!}' }]";
        let relaxed = [Member::UserId, Member::Timeout, Member::Challenge, Member::AllowCredentials];
        assert_eq!(written(toml, &nobody, &relaxed).as_deref(), Ok(r#"{"a":"","c":"","d":[]}"#));
    }

    #[test]
    fn what_is_there_is_escaped_and_spelled() {
        let record = CredentialAssertion {
            user_id: Some("a\"\\\u{1}é".into()),
            challenge: Some(vec![0xFB, 0xFF].into()),
            timeout: Some(-1),
            hints: vec!["x".into(), "y\n".into()],
            extensions: Some("{ \"a\": \"b\" }".into()),
            allow_credentials: vec![
                Descriptor { id: Some(vec![0].into()), ..Descriptor::default() },
                Descriptor::default(),
            ],
            ..CredentialAssertion::default()
        };
        for (toml, json) in [
            ("'na\"me' = 'u-{user.id}-v'", r#"{"na\"me":"u-a\"\\\u0001é-v"}"#),
            ("a = '{challenge}'\nb = '{challenge:base64}'", r#"{"a":"-_8","b":"+/8="}"#),
            ("a = '{timeout}'\nb = '{hints}'", r#"{"a":-1,"b":["x","y\n"]}"#),
            ("a = { '$json' = { e = '{extensions}' } }", r#"{"a":"{\"e\":{ \"a\": \"b\" }}"}"#),
            (
                "a = [{ '$each' = '{allow_credentials}', type = '{type!}', id = '{id}' }]",
                r#"{"a":[{"type":"public-key","id":"AA"},{"type":"public-key"}]}"#,
            ),
        ] {
            assert_eq!(written(toml, &record, &[]).as_deref(), Ok(json), "{toml}");
        }
    }
}
