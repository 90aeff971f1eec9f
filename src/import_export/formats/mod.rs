//! The formats of other systems, read into [`UserLine`] and written from it.
//!
//! A member that is lost is noted by its name, never with its value. Nothing that a format leaves undocumented is
//! guessed.

mod authentication_methods;
mod fusionauth;
mod go_webauthn;
mod ory;
mod owner;
mod passbridge;
mod public_key;
mod simplewebauthn;
mod webauthn_rs;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::import_export::line::{CredentialLine, UserLine, shape_problem};
use crate::relying_party::pending::Base64Bytes;

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyFormat {
    /// One user per line, as in `users import` and `users export`.
    Passbridge,
    /// A list of authentication methods with passkeys. It cannot be written.
    AuthenticationMethods,
    /// The record that the Go library go-webauthn stores.
    GoWebauthn,
    /// Rows of a table with such a record in the column `credential`.
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

impl PasskeyFormat {
    /// Every format.
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

    /// Its name on the command line.
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

    /// The format with that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Whether it can be written.
    pub fn is_written(self) -> bool {
        self != Self::AuthenticationMethods
    }

    /// Reads one record; `None` if it is not a passkey.
    pub(super) fn read(self, text: &str, notes: &mut Notes) -> Result<Option<UserLine>, MemberProblem> {
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

    /// The member of a document with its list of records, and the member of each that has the record.
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

    /// Whether a record is a user with all passkeys, instead of one passkey.
    pub(super) fn is_by_user(self) -> bool {
        matches!(self, Self::Passbridge | Self::Ory)
    }

    /// Writes a user, with exactly one passkey unless [`Self::is_by_user`].
    pub(super) fn write(self, user: &UserLine, notes: &mut Notes) -> Result<String, MemberProblem> {
        match (self, user.credentials.as_slice()) {
            (Self::Passbridge, _) => passbridge::write(user),
            (Self::Ory, _) => ory::write(user, notes),
            (Self::GoWebauthn, [passkey]) => go_webauthn::write(user, passkey, notes),
            (Self::GoWebauthnRows, [passkey]) => go_webauthn::write_row(user, passkey, notes),
            (Self::Simplewebauthn, [passkey]) => simplewebauthn::write(user, passkey, notes),
            (Self::WebauthnRs, [passkey]) => webauthn_rs::write(user, passkey, notes),
            (Self::Fusionauth, [passkey]) => fusionauth::write(user, passkey, notes),
            (Self::AuthenticationMethods, _) => Err(MemberProblem::new("record", "this format cannot be written")),
            (_, _) => Err(MemberProblem::new("credentials", "the record must have one passkey")),
        }
    }

    /// The document with the records.
    pub(super) fn document(self, records: &[String]) -> String {
        match self {
            Self::Fusionauth => format!("{{\"credentials\":[\n{}\n]}}\n", records.join(",\n")),
            _ => records.iter().map(|record| format!("{record}\n")).collect(),
        }
    }
}

/// Lost members.
pub(super) type Notes = Vec<MemberProblem>;

/// A member, with its mistake or the reason why it is lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{member}: {reason}")]
pub(super) struct MemberProblem {
    pub(super) member: String,
    pub(super) reason: &'static str,
}

impl MemberProblem {
    pub(super) fn new(member: impl Into<String>, reason: &'static str) -> Self {
        Self { member: member.into(), reason }
    }
}

/// Unknown members. `null` is no loss.
type UnknownMembers = BTreeMap<String, Option<IgnoredAny>>;

const NOT_KEPT: &str = "not kept";
const NO_MEMBER: &str = "the target format has no member for it";
const UNSUPPORTED_KEY: &str = "not a COSE key with a supported algorithm";

fn note_unknown(rest: &UnknownMembers, within: &str, notes: &mut Notes) {
    let lost = rest.iter().filter(|(_, value)| value.is_some());
    notes.extend(lost.map(|(member, _)| MemberProblem::new(format!("{within}{member}"), NOT_KEPT)));
}

/// The WebAuthn credential device type (section 6.1.3): whether a passkey is eligible for backup.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum DeviceType {
    #[serde(alias = "single_device")]
    SingleDevice,
    #[serde(alias = "multi_device")]
    MultiDevice,
}

/// Base64 with padding, as Go writes bytes.
fn padded(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, MemberProblem> {
    serde_json::from_str(text).map_err(|error| match error.is_data() {
        true => MemberProblem::new(shape_problem(&error), "cannot be read"),
        false => MemberProblem::new("record", "not JSON"),
    })
}

/// A record without its `null` members.
fn present(mut record: Value) -> Value {
    if let Value::Object(members) = &mut record {
        members.retain(|_, value| !value.is_null());
    }
    record
}

/// The seconds since 1970 of an RFC 3339 time.
fn instant(text: Option<String>, member: &'static str) -> Result<Option<i64>, MemberProblem> {
    let read = |text: String| text.parse::<Timestamp>().map(Timestamp::as_second);
    text.map(read).transpose().map_err(|_| MemberProblem::new(member, "not an RFC 3339 time"))
}

fn written_instant(seconds: Option<i64>) -> Option<String> {
    seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).map(|instant| instant.to_string())
}

/// An AAGUID as a UUID; `None` if all bytes are zero.
fn aaguid(bytes: Option<Base64Bytes>, member: &'static str) -> Result<Option<String>, MemberProblem> {
    match bytes {
        Some(Base64Bytes(bytes)) if !bytes.is_empty() && bytes.iter().any(|byte| *byte != 0) => {
            let uuid = uuid::Uuid::from_slice(&bytes).map_err(|_| MemberProblem::new(member, "not sixteen bytes"))?;
            Ok(Some(uuid.to_string()))
        }
        _ => Ok(None),
    }
}

fn aaguid_bytes(passkey: &CredentialLine) -> [u8; 16] {
    let uuid = passkey.aaguid.as_deref().and_then(|text| uuid::Uuid::parse_str(text).ok());
    uuid.map_or([0; 16], uuid::Uuid::into_bytes)
}

/// Notes the values of a user and a passkey that a format has no member for.
fn note_omitted(user: &UserLine, passkey: Option<&CredentialLine>, keeps: &[&str], notes: &mut Notes) {
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
    let present = of_user.into_iter().chain(of_passkey.into_iter().flatten()).filter(|(_, is_present)| *is_present);
    let lost = present.filter(|(member, _)| !keeps.contains(member));
    notes.extend(lost.map(|(member, _)| MemberProblem::new(member, NO_MEMBER)));
}

/// Notes an unknown backup eligibility, for formats that cannot omit it.
fn note_unknown_eligibility(passkey: &CredentialLine, notes: &mut Notes) {
    if passkey.backup_eligible.is_none() {
        notes.push(MemberProblem::new(
            "credentials.backup_eligible",
            "unknown; the target format requires it, so it is false",
        ));
    }
}

#[cfg(test)]
mod tests;
