//! What a trace shows in place of a secret: its first letters and its length.
//!
//! A secret is known by its value, because a member of the model that is one held it, or by the name
//! it goes by. Where an answer was not understood, every long text counts as one.

use http::HeaderMap;
use serde_json::Value as Json;

use crate::model::member::Member;
use crate::model::operation::Direction;
use crate::model::record::Record;
use crate::model::value::Value;

/// A shorter secret is looked for as a whole text only: within others it would be found everywhere.
const FINDABLE: usize = 8;
/// What is no longer than this may be shown under a name that sounds like a secret's, as `Bearer` is
/// under `token_type`, and anywhere in an answer that was not understood.
const PLAIN: usize = 16;
/// The most letters that are left of a secret.
const LEFT: usize = 6;
/// What is no secret is shown up to here, and of what is longer so much.
const READABLE: usize = 160;
const BRIEF: usize = 60;
/// Names of fields, and parts of names of JSON members, that sound like a secret's.
const FIELDS: &[&str] = &["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"];
const NAMES: &[&str] = &["token", "secret", "password", "jwt", "signature", "api_key", "apikey", "recovery"];

/// The secrets that a trace has come across.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<String>);

/// Whether a member's value is shortened.
pub(super) fn is_hidden(member: Member) -> bool {
    member.is_secret(Direction::Request) || matches!(member, Member::RecoveryCodes | Member::CredentialSignature)
}

/// Whether a text only stands for a value that is not known, as `<session of the begin>` does.
fn is_stand_in(text: &str) -> bool {
    text.starts_with('<') && text.ends_with('>')
}

/// `eyJ0eX… (612 characters)`. No more than a quarter of it is told.
pub(super) fn shortened(secret: &str) -> String {
    if is_stand_in(secret) {
        return secret.to_owned();
    }
    let length = secret.chars().count();
    let left: String = secret.chars().take(LEFT.min(length / 4)).collect();
    format!("{left}… ({length} characters)")
}

/// A long text that is no secret, as far as anybody reads it.
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
    /// Notes the secrets of a record.
    pub(super) fn note(&mut self, record: &dyn Record<'_>) {
        for member in record.members().iter().copied().filter(|member| is_hidden(*member)) {
            match record.value(member) {
                Some(Value::Text(text)) => self.add(&text),
                Some(Value::Texts(texts)) => texts.iter().for_each(|text| self.add(text)),
                _ => {}
            }
        }
    }

    /// Notes the secrets of a record of the upstream's side, where the session handle is one.
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

    /// A text without the secrets that are in it.
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

    /// Header fields, in their order.
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

    /// JSON, in place. `is_understood` says that the secrets in it are known by their values.
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
        // Some dialects put an object into a string: what is in it has names of its own.
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
    fn no_more_than_a_quarter_is_left() {
        assert_eq!(shortened("0123456789abcdefghijklmnopqrstuvwxyz"), "012345… (36 characters)");
        assert_eq!(shortened("01234567"), "01… (8 characters)");
        assert_eq!(shortened("012"), "… (3 characters)");
        assert_eq!(shortened("äöüäöüäö"), "äö… (8 characters)");
    }

    #[test]
    fn a_known_secret_is_found_under_any_name() {
        let mut json = json!({ "a": [{ "b": "access-token-value" }], "c": "x access-token-value y", "d": 1 });
        known().json(&mut json, true);
        let hidden = shortened("access-token-value");
        assert_eq!(json, json!({ "a": [{ "b": hidden }], "c": format!("x {hidden} y"), "d": 1 }));
    }

    #[test]
    fn a_short_secret_is_no_part_of_other_texts() {
        let mut json = json!({ "key": "demo", "email": "demo@example.com" });
        known().json(&mut json, true);
        assert_eq!(json, json!({ "key": "d… (4 characters)", "email": "demo@example.com" }));
    }

    #[test]
    fn what_sounds_like_a_secret_is_one() {
        let mut json = json!({ "token_type": "Bearer", "fullAccessToken": "nobody-knows-this-value" });
        known().json(&mut json, true);
        assert_eq!(json, json!({ "token_type": "Bearer", "fullAccessToken": shortened("nobody-knows-this-value") }));
    }

    #[test]
    fn json_within_a_string_is_looked_into() {
        let inner = json!({ "signature": "long-enough-to-be-shortened", "id": "long-enough-to-be-shown" });
        let mut json = json!({ "response": inner.to_string() });
        known().json(&mut json, true);
        let shown: Json = serde_json::from_str(json["response"].as_str().unwrap()).unwrap();
        assert_eq!(shown["signature"], shortened("long-enough-to-be-shortened"));
        assert_eq!(shown["id"], "long-enough-to-be-shown");
    }

    #[test]
    fn what_was_not_understood_shows_no_long_text() {
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
