//! The forms in which others keep passkeys, each read into users of ours, and written from them.
//!
//! What is read and not kept, and what is kept and cannot be written, is noted by the name of its member; nothing
//! that a form's documents leave open is guessed. Values are never noted.

mod authentication_methods;
mod beside;
mod fusionauth;
mod go_webauthn;
mod ory;
mod passbridge;
mod public_key;
mod simplewebauthn;
mod webauthn_rs;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Serialize, Serializer};

use crate::import_export::line::{CredentialLine, UserLine, shape};
use crate::relying_party::pending::Bytes;

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One user a line, as `users import` and `users export` have them.
    Passbridge,
    /// A listing of authentication methods, with passkeys among them. It is read only.
    AuthenticationMethods,
    /// The record that the Go library go-webauthn stores.
    GoWebauthn,
    /// Rows of a table that has such a record in the column `credential`.
    GoWebauthnRows,
    /// The record of the library SimpleWebAuthn.
    Simplewebauthn,
    /// The `Passkey` of the Rust library webauthn-rs.
    WebauthnRs,
    /// An identity with passkeys, as Ory imports it.
    Ory,
    /// The request by which FusionAuth imports passkeys.
    Fusionauth,
}

impl Format {
    /// Every form.
    pub const ALL: [Self; 8] = [
        Self::Passbridge,
        Self::AuthenticationMethods,
        Self::GoWebauthn,
        Self::GoWebauthnRows,
        Self::Simplewebauthn,
        Self::WebauthnRs,
        Self::Ory,
        Self::Fusionauth,
    ];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passbridge => "passbridge",
            Self::AuthenticationMethods => "authentication-methods",
            Self::GoWebauthn => "go-webauthn",
            Self::GoWebauthnRows => "go-webauthn-rows",
            Self::Simplewebauthn => "simplewebauthn",
            Self::WebauthnRs => "webauthn-rs",
            Self::Ory => "ory",
            Self::Fusionauth => "fusionauth",
        }
    }

    /// The form of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Whether it can be written: one whose documents say how a key is to be written.
    pub fn is_written(self) -> bool {
        self != Self::AuthenticationMethods
    }

    /// Reads one record; none is what is no passkey.
    pub(super) fn read(self, text: &str, notes: &mut Notes) -> Result<Option<UserLine>, Bad> {
        match self {
            Self::Passbridge => passbridge::read(text).map(Some),
            Self::AuthenticationMethods => authentication_methods::read(text, notes),
            Self::GoWebauthn => go_webauthn::read(text, notes).map(Some),
            Self::GoWebauthnRows => go_webauthn::read_row(text, notes),
            Self::Simplewebauthn => simplewebauthn::read(text, notes).map(Some),
            Self::WebauthnRs => webauthn_rs::read(text, notes).map(Some),
            Self::Ory => ory::read(text, notes).map(Some),
            Self::Fusionauth => fusionauth::read(text, notes).map(Some),
        }
    }

    /// The member of a document in which its records stand, each perhaps inside another member.
    pub(super) fn list(self) -> Option<(&'static str, Option<&'static str>)> {
        match self {
            Self::AuthenticationMethods => Some(("authentication_methods", None)),
            Self::Fusionauth => Some(("credentials", None)),
            Self::Ory => Some(("identities", Some("create"))),
            Self::Passbridge | Self::GoWebauthn | Self::GoWebauthnRows | Self::Simplewebauthn | Self::WebauthnRs => {
                None
            }
        }
    }

    /// Whether a record is a user with all passkeys, not one passkey.
    pub(super) fn is_by_user(self) -> bool {
        matches!(self, Self::Passbridge | Self::Ory)
    }

    /// Writes a user, who has one passkey only where records are passkeys.
    pub(super) fn write(self, user: &UserLine, notes: &mut Notes) -> Result<String, Bad> {
        match (self, user.credentials.as_slice()) {
            (Self::Passbridge, _) => passbridge::write(user),
            (Self::Ory, _) => ory::write(user, notes),
            (Self::GoWebauthn, [passkey]) => go_webauthn::write(user, passkey, notes),
            (Self::GoWebauthnRows, [passkey]) => go_webauthn::write_row(user, passkey, notes),
            (Self::Simplewebauthn, [passkey]) => simplewebauthn::write(user, passkey, notes),
            (Self::WebauthnRs, [passkey]) => webauthn_rs::write(user, passkey, notes),
            (Self::Fusionauth, [passkey]) => fusionauth::write(user, passkey, notes),
            (Self::AuthenticationMethods, _) => Err(Bad::new("record", "this form is only read")),
            (_, _) => Err(Bad::new("credentials", "there is not one passkey")),
        }
    }

    /// Puts records together.
    pub(super) fn document(self, records: &[String]) -> String {
        match self {
            Self::Fusionauth => format!("{{\"credentials\":[\n{}\n]}}\n", records.join(",\n")),
            _ => records.iter().map(|record| format!("{record}\n")).collect(),
        }
    }
}

/// Members that got lost, and why.
pub(super) type Notes = Vec<Bad>;

/// A member, and what is wrong with it or why it is lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{member}: {reason}")]
pub(super) struct Bad {
    pub(super) member: String,
    pub(super) reason: &'static str,
}

impl Bad {
    pub(super) fn new(member: impl Into<String>, reason: &'static str) -> Self {
        Self { member: member.into(), reason }
    }
}

/// Members that a form's reader does not know; `null` says nothing and is not lost.
type Rest = BTreeMap<String, Option<IgnoredAny>>;

const UNKNOWN: &str = "it is not kept";
const NO_PLACE: &str = "this form has no place for it";

fn note_rest(rest: &Rest, within: &str, notes: &mut Notes) {
    let lost = rest.iter().filter(|(_, value)| value.is_some());
    notes.extend(lost.map(|(member, _)| Bad::new(format!("{within}{member}"), UNKNOWN)));
}

/// Base64 with padding.
fn standard(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Bytes as Go writes them: base64 with padding.
#[derive(Debug)]
struct Padded<'b>(&'b [u8]);

impl Serialize for Padded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&standard(self.0))
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Bad> {
    serde_json::from_str(text).map_err(|error| match error.is_data() {
        // The library names the member where it is missing; of other values it repeats too much.
        true => Bad::new(shape(&error), "the record cannot be read"),
        false => Bad::new("record", "it is not JSON"),
    })
}

fn json(record: &impl Serialize) -> Result<String, Bad> {
    serde_json::to_string(record).map_err(|_| Bad::new("record", "it cannot be written"))
}

/// Seconds since 1970 of an instant of RFC 3339.
fn instant(text: Option<String>, member: &'static str) -> Result<Option<i64>, Bad> {
    let read = |text: String| text.parse::<Timestamp>().map(Timestamp::as_second);
    text.map(read).transpose().map_err(|_| Bad::new(member, "it is no instant of RFC 3339"))
}

fn written_instant(seconds: Option<i64>) -> Option<String> {
    seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).map(|instant| instant.to_string())
}

/// An AAGUID's sixteen bytes as a UUID; sixteen zeros are none.
fn aaguid(bytes: Option<Bytes>, member: &'static str) -> Result<Option<String>, Bad> {
    match bytes {
        Some(Bytes(bytes)) if !bytes.is_empty() && bytes.iter().any(|byte| *byte != 0) => {
            let uuid = uuid::Uuid::from_slice(&bytes).map_err(|_| Bad::new(member, "it has not sixteen bytes"))?;
            Ok(Some(uuid.to_string()))
        }
        _ => Ok(None),
    }
}

fn aaguid_bytes(passkey: &CredentialLine) -> [u8; 16] {
    let uuid = passkey.aaguid.as_deref().and_then(|text| uuid::Uuid::parse_str(text).ok());
    uuid.map_or([0; 16], uuid::Uuid::into_bytes)
}

/// Notes what a form cannot say of a user and a passkey.
fn note_unsaid(user: &UserLine, passkey: Option<&CredentialLine>, keeps: &[&str], notes: &mut Notes) {
    let of_user = [
        ("email", user.email.is_some()),
        ("name", user.name.is_some()),
        ("display_name", user.display_name.is_some()),
        ("profile", !user.profile.is_empty()),
        ("created_at", user.created_at.is_some()),
    ];
    let of_passkey = passkey.map(|passkey| {
        [
            ("credentials.sign_count", passkey.sign_count != 0),
            ("credentials.transports", !passkey.transports.is_empty()),
            ("credentials.uv_initialized", passkey.uv_initialized),
            ("credentials.backup_eligible", passkey.backup_eligible.is_some()),
            ("credentials.backup_state", passkey.backup_state),
            ("credentials.rp_id", passkey.rp_id.is_some()),
            ("credentials.aaguid", passkey.aaguid.is_some()),
            ("credentials.name", passkey.name.is_some()),
            ("credentials.handle", passkey.handle.is_some()),
            ("credentials.created_at", passkey.created_at.is_some()),
            ("credentials.last_used_at", passkey.last_used_at.is_some()),
            ("credentials.learned", passkey.learned),
        ]
    });
    let said = of_user.into_iter().chain(of_passkey.into_iter().flatten()).filter(|(_, is_said)| *is_said);
    let lost = said.filter(|(member, _)| !keeps.contains(member));
    notes.extend(lost.map(|(member, _)| Bad::new(member, NO_PLACE)));
}

#[cfg(test)]
mod tests;
