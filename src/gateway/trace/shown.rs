//! What a trace shows of a record and of a message on the wire.
//!
//! A record becomes a JSON object of its members by name: bytes are base64url, lists are arrays of
//! objects. Content that is not JSON may contain secrets, so only its length is shown.

use http::HeaderMap;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::gateway::trace::shorten::{self, Secrets, is_hidden, shortened};
use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::{Value, ValueKind};
use crate::provider::template::codec::Codec;

/// A message on the wire.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Message {
    /// Method and target, or the status.
    pub line: String,
    /// The header fields, without secrets.
    pub fields: Vec<(String, String)>,
    /// The content, if there is any.
    pub content: Option<Json>,
}

/// How much of a record is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything except secrets, for programs.
    Whole,
    /// Long texts are shortened too, for display.
    Brief,
    /// As `Brief`, for the upstream's side, where the session handle is a secret.
    Beyond,
}

impl Message {
    pub(super) fn new(line: &str, fields: &HeaderMap, content: &[u8], secrets: &Secrets, is_understood: bool) -> Self {
        let json = (!content.is_empty()).then(|| match serde_json::from_slice(content) {
            Ok(mut json) => {
                secrets.json(&mut json, is_understood);
                json
            }
            Err(_) => Json::String(format!("({} bytes that are no JSON)", content.len())),
        });
        Self { line: secrets.hide(line), fields: secrets.fields(fields), content: json }
    }
}

/// A message that was not decoded: every long text in its content is treated as a secret.
pub(crate) fn unread(line: &str, fields: &HeaderMap, content: &[u8]) -> Message {
    Message::new(line, fields, content, &Secrets::default(), false)
}

/// The members that are present, in the order of the record.
pub(crate) fn members(record: &dyn Record<'_>, extent: Extent) -> Map<String, Json> {
    let there = record.members().iter().filter_map(|member| {
        let shown = match member.kind() {
            ValueKind::List => list(record, *member, extent)?,
            _ => value(*member, record.value(*member)?, extent),
        };
        Some((member.name().to_owned(), shown))
    });
    there.collect()
}

fn list(record: &dyn Record<'_>, member: Member, extent: Extent) -> Option<Json> {
    let elements = (0..record.count(member)).filter_map(|index| record.element(member, index));
    let elements: Vec<_> = elements.map(|element| Json::Object(members(element, extent))).collect();
    (!elements.is_empty()).then_some(Json::Array(elements))
}

fn value(member: Member, value: Value<'_>, extent: Extent) -> Json {
    let text = |text: &str| {
        Json::String(match (is_hidden(member), extent) {
            (true, _) => shortened(text),
            (false, Extent::Beyond) if member == Member::Session => shortened(text),
            (false, Extent::Brief | Extent::Beyond) => shorten::brief(text),
            (false, Extent::Whole) => text.to_owned(),
        })
    };
    match value {
        Value::Text(words) => text(&words),
        Value::Bytes(bytes) => {
            let mut digits = String::new();
            Codec::Base64Url.push_bytes(&bytes, &mut digits);
            text(&digits)
        }
        Value::Number(number) => number.into(),
        Value::Flag(flag) => flag.into(),
        Value::Texts(texts) => Json::Array(texts.iter().map(|words| text(words)).collect()),
        Value::Json(json) => {
            let mut json = serde_json::from_str(&json).unwrap_or(Json::Null);
            Secrets::default().json(&mut json, true);
            json
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::assertion::{AssertionResponse, CredentialAssertion, Descriptor, SignIn};

    #[test]
    fn record_is_shown_by_member_names() {
        let options = CredentialAssertion {
            challenge: Some(vec![0xfb, 0xff].into()),
            timeout: Some(60_000),
            hints: vec!["hybrid".into()],
            extensions: Some("{\"appid\":true}".into()),
            allow_credentials: vec![Descriptor { id: Some(vec![1].into()), ..Descriptor::default() }],
            ..CredentialAssertion::default()
        };
        assert_eq!(
            Json::Object(members(&options, Extent::Brief)),
            json!({
                "challenge": "-_8", "timeout": 60_000, "hints": ["hybrid"], "extensions": { "appid": true },
                "allow_credentials": [{ "id": "AQ" }],
            })
        );
    }

    #[test]
    fn secrets_are_shortened_for_display_and_for_programs() {
        let sign_in = SignIn {
            tokens_access: Some("a-token-of-some-length".into()),
            tokens_session_details: Some("{\"session_token\":\"another-token-of-some-length\"}".into()),
            ..SignIn::default()
        };
        let signed =
            AssertionResponse { credential_signature: Some(vec![7; 40].into()), ..AssertionResponse::default() };
        for extent in [Extent::Brief, Extent::Whole] {
            let shown = Json::Object(members(&sign_in, extent)).to_string();
            assert!(!shown.contains("token-of-some-length"), "{shown}");
            let shown = members(&signed, extent)["credential.signature"].to_string();
            assert!(shown.ends_with("… (54 characters)\""), "{shown}");
        }
    }

    #[test]
    fn whole_extent_does_not_shorten() {
        let options = CredentialAssertion { challenge: Some(vec![7; 300].into()), ..CredentialAssertion::default() };
        let shown = |extent| members(&options, extent)["challenge"].as_str().unwrap().chars().count();
        assert_eq!(shown(Extent::Whole), 400);
        assert!(shown(Extent::Brief) < 100);
    }

    #[test]
    fn content_other_than_json_is_not_shown() {
        let message = Message::new("502 Bad Gateway", &HeaderMap::new(), b"<html>", &Secrets::default(), false);
        assert_eq!(message.content, Some("(6 bytes that are no JSON)".into()));
        let message = Message::new("204 No Content", &HeaderMap::new(), b"", &Secrets::default(), true);
        assert_eq!(message.content, None);
    }
}
