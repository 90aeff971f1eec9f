//! The `WebAuthnCredential` of the library SimpleWebAuthn, with what its guide stores beside it.
//!
//! A key is bytes in memory there, and JSON has none: it is read as base64, as an array of numbers, as the object of
//! numbers that a typed array becomes, and as a Node buffer; base64url is written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::import_export::formats::beside::{Beside, WrittenBeside};
use crate::import_export::formats::{Bad, Notes, Rest, json, note_rest, note_unsaid, parse};
use crate::import_export::line::{CredentialLine, UserLine};
use crate::relying_party::pending::Bytes;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    id: Bytes,
    public_key: Binary,
    counter: u32,
    transports: Option<Vec<String>>,
    #[serde(rename = "webauthnUserID")]
    webauthn_user_id: Option<Bytes>,
    device_type: Option<DeviceType>,
    backed_up: Option<bool>,
    #[serde(flatten)]
    beside: Beside,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
enum DeviceType {
    SingleDevice,
    MultiDevice,
}

/// Bytes in any of the forms that JSON gives them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Binary {
    Text(Bytes),
    Numbers(Vec<u8>),
    Buffer { data: Vec<u8> },
    Indexed(BTreeMap<String, u8>),
}

impl Binary {
    /// The bytes; none where the numbers have no order.
    pub(super) fn bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Text(Bytes(bytes)) | Self::Numbers(bytes) | Self::Buffer { data: bytes } => Some(bytes),
            Self::Indexed(bytes) => (0..bytes.len()).map(|index| bytes.get(&index.to_string()).copied()).collect(),
        }
    }
}

pub(super) fn read(text: &str, notes: &mut Notes) -> Result<UserLine, Bad> {
    let record: Credential = parse(text)?;
    note_rest(&record.rest, "", notes);
    let public_key = record.public_key.bytes().ok_or_else(|| Bad::new("publicKey", "it is no list of bytes"))?;
    let credential = CredentialLine {
        id: record.id,
        public_key: Bytes(public_key),
        sign_count: record.counter,
        transports: record.transports.unwrap_or_default(),
        backup_eligible: record.device_type.map(|kind| kind == DeviceType::MultiDevice),
        backup_state: record.backed_up.unwrap_or(false),
        ..CredentialLine::default()
    };
    let mut beside = record.beside;
    beside.user_handle = record.webauthn_user_id.or(beside.user_handle);
    beside.user(credential)
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'p> {
    id: &'p Bytes,
    public_key: &'p Bytes,
    counter: u32,
    transports: &'p [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    device_type: Option<DeviceType>,
    backed_up: bool,
    #[serde(rename = "webauthnUserID", skip_serializing_if = "Option::is_none")]
    webauthn_user_id: Option<&'p Bytes>,
    #[serde(flatten)]
    beside: WrittenBeside<'p>,
}

const KEEPS: &[&str] = &[
    "email",
    "credentials.sign_count",
    "credentials.transports",
    "credentials.backup_eligible",
    "credentials.backup_state",
    "credentials.rp_id",
];

pub(super) fn write(user: &UserLine, passkey: &CredentialLine, notes: &mut Notes) -> Result<String, Bad> {
    note_unsaid(user, Some(passkey), KEEPS, notes);
    let beside = WrittenBeside::of(user, passkey);
    let kind = |eligible| if eligible { DeviceType::MultiDevice } else { DeviceType::SingleDevice };
    json(&Written {
        id: &passkey.id,
        public_key: &passkey.public_key,
        counter: passkey.sign_count,
        transports: &passkey.transports,
        device_type: passkey.backup_eligible.map(kind),
        backed_up: passkey.backup_state,
        webauthn_user_id: beside.user_handle,
        beside: WrittenBeside { user_handle: None, ..beside },
    })
}
