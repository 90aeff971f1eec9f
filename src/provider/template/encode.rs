//! Encodes a record as a provider's JSON, driven by its template, into one buffer.
//!
//! A table whose members are all absent is left out together with its constants. An absent required member is an
//! error, unless WebAuthn defines what its absence means or the route relaxes it.

use jiff::Timestamp;

use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::{Value, ValueKind};
use crate::provider::template::codec::Token;
use crate::provider::template::content::{Constant, EmbeddedPlaceholder, List, Node, Object};
use crate::provider::template::placeholder::{Need, Placeholder};

/// A required member has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingMember(pub Member);

/// How a message is encoded.
#[derive(Clone, Copy, Debug)]
pub struct EncodeContext<'w> {
    /// The current time, for values that are written as an instant.
    pub now: Timestamp,
    /// Required members that may be empty.
    pub relaxed: &'w [Member],
}

/// Appends a record to the buffer.
pub fn encode(
    template: &Object,
    record: &dyn Record<'_>,
    writing: EncodeContext<'_>,
    out: &mut Vec<u8>,
) -> Result<(), MissingMember> {
    object(template, record, writing, out).map(|_| ())
}

/// The output of a node.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Output {
    /// Nothing: the name must be left out too.
    Nothing,
    /// Constants only.
    Constant,
    /// A member, or the value that stands for its absence.
    Member,
}

fn object(
    template: &Object,
    record: &dyn Record<'_>,
    writing: EncodeContext<'_>,
    out: &mut Vec<u8>,
) -> Result<Output, MissingMember> {
    out.push(b'{');
    let first = out.len();
    let mut strongest = Output::Nothing;
    for entry in &template.entries {
        let before = out.len();
        if before > first {
            out.push(b',');
        }
        out.extend_from_slice(entry.lead.as_bytes());
        match node(&entry.node, record, writing, out)? {
            Output::Nothing => out.truncate(before),
            output if output > strongest => strongest = output,
            Output::Constant | Output::Member => {}
        }
    }
    out.push(b'}');
    Ok(strongest)
}

fn node(
    node: &Node,
    record: &dyn Record<'_>,
    writing: EncodeContext<'_>,
    out: &mut Vec<u8>,
) -> Result<Output, MissingMember> {
    match node {
        Node::Object(inner) => nested(inner, record, writing, out),
        Node::JsonText(inner) => {
            let mut text = Vec::new();
            let output = nested(inner, record, writing, &mut text)?;
            if output != Output::Nothing {
                string(std::str::from_utf8(&text).expect("JSON is written from text"), out);
            }
            Ok(output)
        }
        Node::List(template) => list(template, record, writing, out),
        Node::Placeholder(embedded) => placeholder(embedded, record, writing, out),
        Node::Constant(_) => Ok(Output::Constant), // written together with its name
    }
}

fn nested(
    template: &Object,
    record: &dyn Record<'_>,
    writing: EncodeContext<'_>,
    out: &mut Vec<u8>,
) -> Result<Output, MissingMember> {
    let before = out.len();
    let output = object(template, record, writing, out)?;
    match template.has_placeholders() {
        false => Ok(Output::Constant),
        true if output == Output::Member => Ok(Output::Member),
        true => {
            out.truncate(before);
            Ok(Output::Nothing)
        }
    }
}

fn list(
    template: &List,
    record: &dyn Record<'_>,
    writing: EncodeContext<'_>,
    out: &mut Vec<u8>,
) -> Result<Output, MissingMember> {
    let count = record.count(template.member);
    if count == 0 {
        return blank(template.member, template.need, writing, out);
    }
    out.push(b'[');
    for index in 0..count {
        if index > 0 {
            out.push(b',');
        }
        let element = record.element(template.member, index).expect("the index is less than the count");
        object(&template.item, element, writing, out)?;
    }
    out.push(b']');
    Ok(Output::Member)
}

fn placeholder(
    embedded: &EmbeddedPlaceholder,
    record: &dyn Record<'_>,
    writing: EncodeContext<'_>,
    out: &mut Vec<u8>,
) -> Result<Output, MissingMember> {
    let Placeholder { member, codec, need } = embedded.placeholder;
    let value = match record.value(member) {
        None if need == Need::Required => member.meaning_when_absent(),
        value => value,
    };
    match value {
        None => return blank(member, need, writing, out),
        Some(Value::Text(text)) => around(embedded, &codec.write_text(&text), out),
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
    Ok(Output::Member)
}

/// Writes the value that stands for an absent member. A number has none, so a relaxed one is left out.
fn blank(member: Member, need: Need, writing: EncodeContext<'_>, out: &mut Vec<u8>) -> Result<Output, MissingMember> {
    let empty: &[u8] = match member.kind() {
        ValueKind::Text | ValueKind::Bytes => b"\"\"",
        ValueKind::Texts | ValueKind::List => b"[]",
        ValueKind::Json => b"{}",
        ValueKind::Number | ValueKind::Flag => b"",
    };
    let blank = match need {
        Need::Optional => return Ok(Output::Nothing),
        Need::Nullable => b"null",
        Need::Blank => empty,
        Need::Required if writing.relaxed.contains(&member) => empty,
        Need::Required => return Err(MissingMember(member)),
    };
    out.extend_from_slice(blank);
    Ok(if blank.is_empty() { Output::Nothing } else { Output::Member })
}

fn around(embedded: &EmbeddedPlaceholder, text: &str, out: &mut Vec<u8>) {
    if embedded.prefix.is_empty() && embedded.suffix.is_empty() {
        return string(text, out);
    }
    string(&[&embedded.prefix, text, &embedded.suffix].concat(), out);
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

    fn encoded(toml: &str, record: &CredentialAssertion<'_>, relaxed: &[Member]) -> Result<String, MissingMember> {
        let document = Document::parse("x.toml", toml).unwrap();
        let source = document.source.clone();
        let mut compiler = Compiler { source, bytes: Codec::Base64Url, diagnostics: Diagnostics::default() };
        let template = compiler.content(&document.root, record.members());
        assert!(compiler.diagnostics.is_empty(), "{}", compiler.diagnostics);
        let mut out = Vec::new();
        encode(&template, record, EncodeContext { now: Timestamp::UNIX_EPOCH, relaxed }, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn absent_member_is_written_as_its_placeholder_requires() {
        let empty = CredentialAssertion::default();
        for (toml, json) in [
            ("a = '{user.id}'", "{}"),
            ("a = '{user.id~}'\nb = '{timeout~}'", r#"{"a":null,"b":null}"#),
            ("a = '{user.id*}'\nb = '{hints*}'\nc = '{extensions*}'", r#"{"a":"","b":[],"c":{}}"#),
            ("a = '{user_verification!}'", r#"{"a":"preferred"}"#),
            ("a = [{ '$each' = '{allow_credentials*}', id = '{id!}' }]", r#"{"a":[]}"#),
            ("a = 'user/{user.id}'", "{}"),
        ] {
            assert_eq!(encoded(toml, &empty, &[]).as_deref(), Ok(json), "{toml}");
        }
        assert_eq!(encoded("a = '{user.id!}'", &empty, &[]), Err(MissingMember(Member::UserId)));
    }

    #[test]
    fn table_without_members_is_left_out() {
        let empty = CredentialAssertion::default();
        for (toml, json) in [
            ("a = { b = 1, c = '{user.id}' }\nd = 2", r#"{"d":2}"#),
            ("a = { b = { c = '{user.id}' }, e = 'x' }", "{}"),
            ("a = { b = 1, c = '{user.id~}' }", r#"{"a":{"b":1,"c":null}}"#),
            ("a = { b = 1 }\nc = {}\nd = true", r#"{"a":{"b":1},"c":{},"d":true}"#),
            ("a = { '$json' = { b = 1, c = '{user.id}' } }", "{}"),
        ] {
            assert_eq!(encoded(toml, &empty, &[]).as_deref(), Ok(json), "{toml}");
        }
    }

    #[test]
    fn relaxed_member_is_written_empty() {
        let empty = CredentialAssertion::default();
        let toml = "a = '{user.id!}'\nb = '{timeout!}'\nc = '{challenge!}'\nd = [{ '$each' = '{allow_credentials!}' }]";
        let relaxed = [Member::UserId, Member::Timeout, Member::Challenge, Member::AllowCredentials];
        assert_eq!(encoded(toml, &empty, &relaxed).as_deref(), Ok(r#"{"a":"","c":"","d":[]}"#));
    }

    #[test]
    fn values_are_escaped_and_encoded() {
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
            assert_eq!(encoded(toml, &record, &[]).as_deref(), Ok(json), "{toml}");
        }
    }
}
