//! The `WebAuthnCredential` of the library SimpleWebAuthn, with the columns of its guide.
//!
//! The public key is read as base64, as an array of numbers, as the object that JSON makes of a typed array, and as a
//! Node buffer. It is written as base64url.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use crate::import_export::formats::owner::{self, Owner};
use crate::import_export::formats::{
    DeviceType, MemberProblem, Notes, UnknownMembers, note_omitted, note_unknown, parse, present,
};
use crate::import_export::line::{CredentialLine, UserLine};
use crate::relying_party::pending::Base64Bytes;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SimplewebauthnCredential {
    id: Base64Bytes,
    public_key: Binary,
    counter: u32,
    transports: Option<Vec<String>>,
    #[serde(rename = "webauthnUserID")]
    webauthn_user_id: Option<Base64Bytes>,
    device_type: Option<DeviceType>,
    backed_up: Option<bool>,
    #[serde(flatten)]
    owner: Owner,
    #[serde(flatten)]
    rest: UnknownMembers,
}

/// Bytes in any of their JSON forms.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Binary {
    Text(Base64Bytes),
    KeyParameters(Vec<u8>),
    Buffer { data: Vec<u8> },
    Indexed(BTreeMap<String, u8>),
}

impl Binary {
    /// The bytes; `None` if the indexes have gaps.
    pub(super) fn bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Text(Base64Bytes(bytes)) | Self::KeyParameters(bytes) | Self::Buffer { data: bytes } => Some(bytes),
            Self::Indexed(bytes) => (0..bytes.len()).map(|index| bytes.get(&index.to_string()).copied()).collect(),
        }
    }
}

pub(super) fn read(text: &str, notes: &mut Notes) -> Result<UserLine, MemberProblem> {
    let record: SimplewebauthnCredential = parse(text)?;
    note_unknown(&record.rest, "", notes);
    let public_key =
        record.public_key.bytes().ok_or_else(|| MemberProblem::new("publicKey", "it is not a list of bytes"))?;
    let credential = CredentialLine {
        id: record.id,
        public_key: Base64Bytes(public_key),
        sign_count: record.counter,
        transports: record.transports.unwrap_or_default(),
        backup_eligible: record.device_type.map(|kind| kind == DeviceType::MultiDevice),
        backup_state: record.backed_up.unwrap_or(false),
        ..CredentialLine::default()
    };
    let mut owner = record.owner;
    owner.user_handle = record.webauthn_user_id.or(owner.user_handle);
    owner.user(credential)
}

const KEEPS: &[&str] = &[
    "email",
    "credentials.sign_count",
    "credentials.transports",
    "credentials.backup_eligible",
    "credentials.backup_state",
    "credentials.rp_id",
];

pub(super) fn write(user: &UserLine, passkey: &CredentialLine, notes: &mut Notes) -> Result<String, MemberProblem> {
    note_omitted(user, Some(passkey), KEEPS, notes);
    let device_type = |eligible| if eligible { DeviceType::MultiDevice } else { DeviceType::SingleDevice };
    Ok(present(json!({
        "id": passkey.id,
        "publicKey": passkey.public_key,
        "counter": passkey.sign_count,
        "transports": passkey.transports,
        "deviceType": passkey.backup_eligible.map(device_type),
        "backedUp": passkey.backup_state,
        "webauthnUserID": owner::handle(user, passkey),
        "user_id": user.id,
        "email": user.email,
        "rp_id": passkey.rp_id,
    }))
    .to_string())
}
