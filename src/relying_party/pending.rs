//! The state of a ceremony between begin and finish, as text.
//!
//! The gateway's ceremony store keeps the text, returns it at most once and before it expires, and shows it to no
//! caller. A text that cannot be read, or of another kind of ceremony, is `challenge_expired`.

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
#[expect(clippy::large_enum_variant, reason = "it exists for the length of one call")]
pub(crate) enum Pending {
    Login(PendingLogin),
    Registration(PendingRegistration),
    Signup(PendingSignup),
}

/// A sign-in.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PendingLogin {
    pub(crate) terms: Terms,
    /// The user, if the begin named one.
    pub(crate) named: Option<LoginUser>,
}

/// The user a sign-in was begun for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LoginUser {
    pub(crate) user_id: String,
    /// Whether the user is the verified caller; then only the same caller may finish.
    pub(crate) is_caller: bool,
    /// The allow list has the user's credentials up to this serial number.
    pub(crate) last_serial: i64,
}

/// A registration of a known user.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PendingRegistration {
    pub(crate) terms: Terms,
    pub(crate) user_id: String,
    pub(crate) is_caller: bool,
}

/// A signup. The finish adds this user.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PendingSignup {
    pub(crate) terms: Terms,
    pub(crate) user_id: String,
    pub(crate) handle: Base64Bytes,
    pub(crate) email: String,
    pub(crate) name: Option<String>,
    pub(crate) profile: Profile,
}

/// The expected values of the authenticator's response.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Terms {
    pub(crate) challenge: Base64Bytes,
    pub(crate) user_verification: UserVerification,
}

/// Bytes, written as unpadded base64url and read as any kind of base64.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Base64Bytes(pub(crate) Vec<u8>);

impl Pending {
    /// The text for the ceremony store.
    pub(crate) fn text(&self) -> Result<String, Refusal> {
        serde_json::to_string(self).map_err(|_| Refusal::new(Fault::Internal, "the ceremony cannot be serialized"))
    }

    /// The expected values of its finish.
    pub(crate) fn terms(&self) -> &Terms {
        match self {
            Self::Login(pending) => &pending.terms,
            Self::Registration(pending) => &pending.terms,
            Self::Signup(pending) => &pending.terms,
        }
    }

    fn read(text: Option<&str>) -> Result<Self, Refusal> {
        let text = text.ok_or_else(|| expired("no ceremony has this challenge"))?;
        serde_json::from_str(text).map_err(|_| expired("the stored ceremony cannot be read"))
    }
}

/// Reads a ceremony of one kind.
macro_rules! read {
    ($pending:ident, $variant:ident, $other:literal) => {
        impl $pending {
            pub(crate) fn read(text: Option<&str>) -> Result<Self, Refusal> {
                match Pending::read(text)? {
                    Pending::$variant(pending) => Ok(pending),
                    _ => Err(expired($other)),
                }
            }
        }
    };
}

read!(PendingLogin, Login, "the stored ceremony is not a sign-in");
read!(PendingRegistration, Registration, "the stored ceremony is not a registration");
read!(PendingSignup, Signup, "the stored ceremony is not a signup");

impl Serialize for Base64Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64Bytes {
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
        Terms { challenge: Base64Bytes(vec![0, 255, 7]), user_verification: UserVerification::Required }
    }

    #[test]
    fn ceremony_survives_the_round_trip() {
        let named = LoginUser { user_id: "user_ada".into(), is_caller: true, last_serial: 9 };
        let text = Pending::Login(PendingLogin { terms: terms(), named: Some(named) }).text().unwrap();
        let PendingLogin { terms, named } = PendingLogin::read(Some(&text)).unwrap();
        assert_eq!(terms.challenge, Base64Bytes(vec![0, 255, 7]));
        assert_eq!(terms.user_verification, UserVerification::Required);
        let named = named.unwrap();
        assert_eq!((named.user_id.as_str(), named.is_caller, named.last_serial), ("user_ada", true, 9));
    }

    #[test]
    fn missing_unreadable_or_other_ceremony_is_expired() {
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
