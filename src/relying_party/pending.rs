//! What the relying party must remember between a begin and its finish, as a text.
//!
//! The relying party keeps no ceremonies. The gateway's store keeps this text, hands it back exactly
//! once and only while it is fresh, and shows it to no caller. A text that cannot be read, or is of
//! another kind of ceremony, is a ceremony that is not known: `challenge_expired`.

use ::base64::Engine;
use ::base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::base64::{self, NotBase64};
use crate::model::fault::{Fault, Refusal};
use crate::model::user_verification::UserVerification;
use crate::relying_party::directory::user::Profile;

/// A ceremony that was begun.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Pending {
    Login(PendingLogin),
    Registration(PendingRegistration),
    Signup(Box<PendingSignup>),
}

/// Somebody signs in.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PendingLogin {
    pub(crate) terms: Terms,
    /// Who, where that was known.
    pub(crate) named: Option<Named>,
}

/// The user a sign-in was begun for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) user_id: String,
    /// Whether the user was proven to be the caller; then only the same caller may finish.
    pub(crate) is_caller: bool,
    /// The allow list was the user's credentials up to this serial: later ones were not on it.
    pub(crate) last_serial: i64,
}

/// A known user adds a passkey.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PendingRegistration {
    pub(crate) terms: Terms,
    pub(crate) user_id: String,
    pub(crate) is_caller: bool,
}

/// Somebody new signs up; the user is made at the finish, from this.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PendingSignup {
    pub(crate) terms: Terms,
    pub(crate) user_id: String,
    pub(crate) handle: Bytes,
    pub(crate) email: String,
    pub(crate) name: Option<String>,
    pub(crate) profile: Profile,
}

/// What the authenticator's answer is held against.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Terms {
    pub(crate) challenge: Bytes,
    pub(crate) user_verification: UserVerification,
}

/// Bytes, written as unpadded base64url and read in any alphabet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Pending {
    /// The text for the ceremony store.
    pub(crate) fn text(&self) -> Result<String, Refusal> {
        serde_json::to_string(self).map_err(|_| Refusal::new(Fault::Internal, "the ceremony cannot be written"))
    }

    /// What its finish is held against.
    pub(crate) fn terms(&self) -> &Terms {
        match self {
            Self::Login(pending) => &pending.terms,
            Self::Registration(pending) => &pending.terms,
            Self::Signup(pending) => &pending.terms,
        }
    }

    fn read(text: Option<&str>) -> Result<Self, Refusal> {
        let text = text.ok_or_else(|| expired("no ceremony was kept for this challenge"))?;
        serde_json::from_str(text).map_err(|_| expired("the kept ceremony cannot be read"))
    }
}

impl PendingLogin {
    pub(crate) fn read(text: Option<&str>) -> Result<Self, Refusal> {
        match Pending::read(text)? {
            Pending::Login(pending) => Ok(pending),
            Pending::Registration(_) | Pending::Signup(_) => Err(expired("the kept ceremony is no sign-in")),
        }
    }
}

impl PendingRegistration {
    pub(crate) fn read(text: Option<&str>) -> Result<Self, Refusal> {
        match Pending::read(text)? {
            Pending::Registration(pending) => Ok(pending),
            Pending::Login(_) | Pending::Signup(_) => Err(expired("the kept ceremony is no registration")),
        }
    }
}

impl PendingSignup {
    pub(crate) fn read(text: Option<&str>) -> Result<Self, Refusal> {
        match Pending::read(text)? {
            Pending::Signup(pending) => Ok(*pending),
            Pending::Login(_) | Pending::Registration(_) => Err(expired("the kept ceremony is no sign-up")),
        }
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        base64::read(&text).map(Self).map_err(|NotBase64| serde::de::Error::custom("not base64"))
    }
}

fn expired(reason: &'static str) -> Refusal {
    Refusal::new(Fault::ChallengeExpired, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms() -> Terms {
        Terms { challenge: Bytes(vec![0, 255, 7]), user_verification: UserVerification::Required }
    }

    #[test]
    fn a_ceremony_comes_back_as_it_went() {
        let named = Named { user_id: "user_ada".into(), is_caller: true, last_serial: 9 };
        let text = Pending::Login(PendingLogin { terms: terms(), named: Some(named) }).text().unwrap();
        let PendingLogin { terms, named } = PendingLogin::read(Some(&text)).unwrap();
        assert_eq!(terms.challenge, Bytes(vec![0, 255, 7]));
        assert_eq!(terms.user_verification, UserVerification::Required);
        let named = named.unwrap();
        assert_eq!((named.user_id.as_str(), named.is_caller, named.last_serial), ("user_ada", true, 9));
    }

    #[test]
    fn what_is_missing_unreadable_or_of_another_kind_is_expired() {
        let registration =
            Pending::Registration(PendingRegistration { terms: terms(), user_id: "a".into(), is_caller: false });
        let registration = registration.text().unwrap();
        for text in [None, Some(""), Some("{}"), Some(r#"{"login":{}}"#), Some(registration.as_str())] {
            assert_eq!(PendingLogin::read(text).unwrap_err().fault, Fault::ChallengeExpired, "{text:?}");
            assert_eq!(PendingSignup::read(text).unwrap_err().fault, Fault::ChallengeExpired, "{text:?}");
        }
        assert!(PendingRegistration::read(Some(&registration)).is_ok());
    }
}
