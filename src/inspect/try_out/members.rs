//! Reads the members that the console sends into a record.
//!
//! A value has the form in which a trace shows it. An empty text stands for an absent member.

use serde_json::{Map, Value as Json};

use crate::base::base64;
use crate::inspect::try_out::InvalidTryRequest;
use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::{Texts, Value, ValueKind};

/// Adds every member to the record.
///
/// # Errors
/// A name that the message does not have, or a value of another kind.
pub(super) fn put_all(members: &Map<String, Json>, record: &mut dyn Record<'static>) -> Result<(), InvalidTryRequest> {
    for (name, json) in members {
        let known = Member::named(name).filter(|member| record.members().contains(member));
        let member = known.ok_or(InvalidTryRequest::UnknownMember)?;
        if json.as_str() != Some("") {
            record.put(member, Some(value(member, json).ok_or(InvalidTryRequest::Kind(member.name()))?));
        }
    }
    Ok(())
}

fn value(member: Member, json: &Json) -> Option<Value<'static>> {
    match (member.kind(), json) {
        (ValueKind::Text, Json::String(text)) => Some(Value::Text(text.clone().into())),
        (ValueKind::Bytes, Json::String(text)) => base64::read(text).ok().map(|bytes| Value::Bytes(bytes.into())),
        (ValueKind::Number, Json::Number(number)) => number.as_i64().map(Value::Number),
        (ValueKind::Flag, Json::Bool(flag)) => Some(Value::Flag(*flag)),
        (ValueKind::Texts, Json::Array(texts)) => {
            let texts = texts.iter().map(|text| text.as_str().map(|text| text.to_owned().into()));
            texts.collect::<Option<Vec<_>>>().map(|texts| Value::Texts(Texts::Owned(texts)))
        }
        (ValueKind::Json, json @ Json::Object(_)) => Some(Value::Json(json.to_string().into())),
        (
            ValueKind::Text
            | ValueKind::Bytes
            | ValueKind::Number
            | ValueKind::Flag
            | ValueKind::Texts
            | ValueKind::Json
            | ValueKind::List,
            _,
        ) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::registration::AttestationResponse;

    fn read(members: &Json) -> Result<AttestationResponse<'static>, InvalidTryRequest> {
        let mut record = AttestationResponse::default();
        put_all(members.as_object().unwrap(), &mut record).map(|()| record)
    }

    #[test]
    fn every_kind_is_read_in_the_form_of_a_trace() {
        let read = read(&json!({
            "credential.id": "-_8", "credential.transports": ["internal"], "credential.type": "public-key",
            "credential.extension_results": { "credProps": { "rk": true } }, "session": "",
        }));
        let expected = AttestationResponse {
            credential_id: Some(vec![0xfb, 0xff].into()),
            credential_transports: vec!["internal".into()],
            credential_type: Some("public-key".into()),
            credential_extension_results: Some("{\"credProps\":{\"rk\":true}}".into()),
            ..AttestationResponse::default()
        };
        assert_eq!(read, Ok(expected));
    }

    #[test]
    fn member_that_the_message_lacks_is_refused() {
        for name in ["nonsense", "credential.signature", "exclude_credentials"] {
            assert_eq!(read(&json!({ name: "x" })), Err(InvalidTryRequest::UnknownMember), "{name}");
        }
    }

    #[test]
    fn value_of_another_kind_is_refused_with_the_member_name() {
        for (name, value) in [
            ("credential.id", json!("no base64!")),
            ("credential.id", json!(7)),
            ("session", json!(["x"])),
            ("credential.transports", json!(["usb", 7])),
            ("credential.extension_results", json!("{}")),
        ] {
            assert_eq!(read(&json!({ name: value })), Err(InvalidTryRequest::Kind(name)), "{name}");
        }
    }
}
