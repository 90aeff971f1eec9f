//! Shortens secrets in a trace to their first characters and their length.
//!
//! A value is a secret if a secret member of the model has that value, or by its name. In an answer that was not
//! decoded, every long text is treated as a secret.

use http::HeaderMap;
use serde_json::Value as Json;

use crate::model::member::Member;
use crate::model::operation::Direction;
use crate::model::record::Record;
use crate::model::value::Value;

/// Shorter secrets are compared with whole texts only: as substrings they would match everywhere.
const FINDABLE: usize = 8;
/// Texts up to this length are not secrets, even under a secret's name (`Bearer` under `token_type`) or in an answer
/// that was not decoded.
const PLAIN: usize = 16;
/// The maximum number of characters that are shown of a secret.
const LEFT: usize = 6;
/// Texts up to this length that are not secrets are shown whole; of longer ones, `BRIEF` characters are shown.
const READABLE: usize = 160;
const BRIEF: usize = 60;
/// Names of secret header fields, and parts of the names of secret JSON members.
const FIELDS: &[&str] = &["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"];
const NAMES: &[&str] = &["token", "secret", "password", "jwt", "signature", "api_key", "apikey", "recovery"];

/// The secrets that a trace has found.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<String>);

/// Whether a member's value is shortened.
pub(super) fn is_hidden(member: Member) -> bool {
    member.is_secret(Direction::Request) || matches!(member, Member::RecoveryCodes | Member::CredentialSignature)
}

/// Whether a text is a placeholder for an unknown value, such as `<session of the begin>`.
fn is_stand_in(text: &str) -> bool {
    text.starts_with('<') && text.ends_with('>')
}

/// `eyJ0eX… (612 characters)`. Shows at most a quarter of the secret.
pub(super) fn shortened(secret: &str) -> String {
    if is_stand_in(secret) {
        return secret.to_owned();
    }
    let length = secret.chars().count();
    let left: String = secret.chars().take(LEFT.min(length / 4)).collect();
    format!("{left}… ({length} characters)")
}

/// Shortens a long text that is not a secret.
pub(super) fn brief(text: &str) -> String {
    let length = text.chars().count();
    if length <= READABLE {
        return text.to_owned();
    }
    let left: String = text.chars().take(BRIEF).collect();
    format!("{left}… ({length} characters)")
}

// ===== impl Secrets =====

impl Secrets {
    /// Adds the secrets of a record.
    pub(super) fn note(&mut self, record: &dyn Record<'_>) {
        for member in record.members().iter().copied().filter(|member| is_hidden(*member)) {
            match record.value(member) {
                Some(Value::Text(text)) => self.add(&text),
                Some(Value::Texts(texts)) => texts.iter().for_each(|text| self.add(text)),
                _ => {}
            }
        }
    }

    /// Adds the secrets of a record of the upstream's side, where the session handle is a secret too.
    pub(super) fn note_beyond(&mut self, record: &dyn Record<'_>) {
        self.note(record);
        if let Some(Value::Text(session)) = record.value(Member::Session) {
            self.add(&session);
        }
    }

    pub(super) fn add(&mut self, secret: &str) {
        if !is_stand_in(secret) && !self.0.iter().any(|known| known == secret) {
            self.0.push(secret.to_owned());
        }
    }

    /// Shortens the secrets in a text.
    pub(super) fn hide(&self, text: &str) -> String {
        if self.0.iter().any(|secret| secret == text) {
            return shortened(text);
        }
        let findable = self.0.iter().filter(|secret| secret.len() >= FINDABLE);
        findable.fold(text.to_owned(), |text, secret| match text.contains(secret.as_str()) {
            true => text.replace(secret.as_str(), &shortened(secret)),
            false => text,
        })
    }

    /// The header fields, in their order, without secrets.
    pub(super) fn fields(&self, fields: &HeaderMap) -> Vec<(String, String)> {
        let shown = fields.iter().map(|(name, value)| {
            let text = String::from_utf8_lossy(value.as_bytes());
            let text = match (FIELDS.contains(&name.as_str()), text.split_once(' ')) {
                (true, Some((scheme, secret))) => format!("{scheme} {}", shortened(secret)),
                (true, None) => shortened(&text),
                (false, _) => brief(&self.hide(&text)),
            };
            (name.as_str().to_owned(), text)
        });
        shown.collect()
    }

    /// Shortens the secrets in JSON. `is_understood`: the content was decoded, so that its secrets are known by value.
    pub(super) fn json(&self, json: &mut Json, is_understood: bool) {
        self.json_named("", json, is_understood);
    }

    fn json_named(&self, name: &str, json: &mut Json, is_understood: bool) {
        match json {
            Json::String(text) => *text = self.text(name, text, is_understood),
            Json::Array(elements) => {
                elements.iter_mut().for_each(|element| self.json_named(name, element, is_understood));
            }
            Json::Object(members) => {
                members.iter_mut().for_each(|(name, member)| self.json_named(name, member, is_understood));
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    fn text(&self, name: &str, text: &str, is_understood: bool) -> String {
        // Some dialects put an object into a string. Its members are checked by name too.
        if text.starts_with('{')
            && let Ok(mut inner) = serde_json::from_str(text)
        {
            self.json_named(name, &mut inner, is_understood);
            return inner.to_string();
        }
        let name = name.to_ascii_lowercase();
        let sounds_secret = NAMES.iter().any(|part| name.contains(part));
        if text.chars().count() > PLAIN && (sounds_secret || !is_understood) {
            return shortened(text);
        }
        brief(&self.hide(text))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;
    use crate::model::assertion::{AssertionResponse, SignIn};

    fn known() -> Secrets {
        let mut secrets = Secrets::default();
        secrets.note(&SignIn { tokens_access: Some("access-token-value".into()), ..SignIn::default() });
        secrets.note(&AssertionResponse { client_key: Some("demo".into()), ..AssertionResponse::default() });
        secrets
    }

    #[test]
    fn at_most_a_quarter_of_a_secret_is_shown() {
        assert_eq!(shortened("0123456789abcdefghijklmnopqrstuvwxyz"), "012345… (36 characters)");
        assert_eq!(shortened("01234567"), "01… (8 characters)");
        assert_eq!(shortened("012"), "… (3 characters)");
        assert_eq!(shortened("äöüäöüäö"), "äö… (8 characters)");
    }

    #[test]
    fn known_secret_is_shortened_under_any_name() {
        let mut json = json!({ "a": [{ "b": "access-token-value" }], "c": "x access-token-value y", "d": 1 });
        known().json(&mut json, true);
        let hidden = shortened("access-token-value");
        assert_eq!(json, json!({ "a": [{ "b": hidden }], "c": format!("x {hidden} y"), "d": 1 }));
    }

    #[test]
    fn short_secret_is_not_replaced_inside_other_texts() {
        let mut json = json!({ "key": "demo", "email": "demo@example.com" });
        known().json(&mut json, true);
        assert_eq!(json, json!({ "key": "d… (4 characters)", "email": "demo@example.com" }));
    }

    #[test]
    fn value_under_a_secret_name_is_shortened() {
        let mut json = json!({ "token_type": "Bearer", "fullAccessToken": "nobody-knows-this-value" });
        known().json(&mut json, true);
        assert_eq!(json, json!({ "token_type": "Bearer", "fullAccessToken": shortened("nobody-knows-this-value") }));
    }

    #[test]
    fn json_inside_a_string_is_shortened_too() {
        let inner = json!({ "signature": "long-enough-to-be-shortened", "id": "long-enough-to-be-shown" });
        let mut json = json!({ "response": inner.to_string() });
        known().json(&mut json, true);
        let shown: Json = serde_json::from_str(json["response"].as_str().unwrap()).unwrap();
        assert_eq!(shown["signature"], shortened("long-enough-to-be-shortened"));
        assert_eq!(shown["id"], "long-enough-to-be-shown");
    }

    #[test]
    fn long_text_of_undecoded_content_is_shortened() {
        let mut json = json!({ "x": "a-text-nobody-understood", "code": "short" });
        known().json(&mut json, false);
        assert_eq!(json, json!({ "x": shortened("a-text-nobody-understood"), "code": "short" }));
    }

    #[test]
    fn fields_that_carry_credentials_are_never_shown() {
        let mut fields = HeaderMap::new();
        fields.insert("authorization", HeaderValue::from_static("Bearer ab"));
        fields.insert("cookie", HeaderValue::from_static("session"));
        fields.insert("x-other", HeaderValue::from_static("access-token-value"));
        fields.insert("accept", HeaderValue::from_static("application/json"));
        let shown = known().fields(&fields);
        let shown = |name: &str| shown.iter().find(|(known, _)| known == name).unwrap().1.clone();
        assert_eq!(shown("authorization"), "Bearer … (2 characters)");
        assert_eq!(shown("cookie"), "s… (7 characters)");
        assert_eq!(shown("x-other"), shortened("access-token-value"));
        assert_eq!(shown("accept"), "application/json");
    }
}
