//! The `Credential` of the Go library go-webauthn, alone or in the rows of a table.
//!
//! Go reads the names of members in any case, and older versions of the library wrote them in capitals: both are
//! read. A record says nothing of its user, so that stands beside it; versions before the flags know no backup
//! eligibility, and then none is made up.

use serde::{Deserialize, Serialize};

use crate::import_export::formats::beside::{Beside, Id, WrittenBeside};
use crate::import_export::formats::{
    Bad, Notes, Padded, Rest, aaguid, aaguid_bytes, instant, json, note_rest, note_unsaid, parse, written_instant,
};
use crate::import_export::line::{CredentialLine, UserLine};
use crate::relying_party::pending::Bytes;

#[derive(Debug, Deserialize)]
struct Credential {
    #[serde(alias = "ID")]
    id: Bytes,
    #[serde(rename = "publicKey", alias = "PublicKey")]
    public_key: Bytes,
    #[serde(alias = "Transport")]
    transport: Option<Vec<String>>,
    #[serde(alias = "Flags")]
    flags: Option<Flags>,
    #[serde(alias = "Authenticator")]
    authenticator: Option<Authenticator>,
    #[serde(rename = "attestationType", alias = "AttestationType")]
    attestation_type: Option<String>,
    #[serde(flatten)]
    beside: Beside,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Deserialize)]
struct Flags {
    #[serde(rename = "userVerified", alias = "UserVerified", default)]
    user_verified: bool,
    #[serde(rename = "backupEligible", alias = "BackupEligible")]
    backup_eligible: Option<bool>,
    #[serde(rename = "backupState", alias = "BackupState", default)]
    backup_state: bool,
}

#[derive(Debug, Deserialize)]
struct Authenticator {
    #[serde(rename = "AAGUID", alias = "aaguid")]
    aaguid: Option<Bytes>,
    #[serde(rename = "signCount", alias = "SignCount", default)]
    sign_count: u32,
    #[serde(rename = "cloneWarning", alias = "CloneWarning", default)]
    clone_warning: bool,
    #[serde(alias = "Attachment")]
    attachment: Option<String>,
}

pub(super) fn read(text: &str, notes: &mut Notes) -> Result<UserLine, Bad> {
    let (credential, beside) = taken(parse(text)?, notes)?;
    beside.user(credential)
}

fn taken(record: Credential, notes: &mut Notes) -> Result<(CredentialLine, Beside), Bad> {
    note_rest(&record.rest, "", notes);
    if record.attestation_type.is_some_and(|kind| !kind.is_empty() && kind != "none") {
        notes.push(Bad::new("attestationType", "attestation is not kept"));
    }
    let flags = record.flags;
    let authenticator = record.authenticator;
    if authenticator.as_ref().is_some_and(|authenticator| authenticator.clone_warning) {
        notes.push(Bad::new("authenticator.cloneWarning", "a warning is not kept"));
    }
    if authenticator.as_ref().and_then(|known| known.attachment.as_ref()).is_some_and(|kind| !kind.is_empty()) {
        notes.push(Bad::new("authenticator.attachment", "it is not kept"));
    }
    let credential = CredentialLine {
        id: record.id,
        public_key: record.public_key,
        sign_count: authenticator.as_ref().map_or(0, |authenticator| authenticator.sign_count),
        transports: record.transport.unwrap_or_default(),
        uv_initialized: flags.as_ref().is_some_and(|flags| flags.user_verified),
        backup_eligible: flags.as_ref().and_then(|flags| flags.backup_eligible),
        backup_state: flags.as_ref().is_some_and(|flags| flags.backup_state),
        aaguid: aaguid(authenticator.and_then(|authenticator| authenticator.aaguid), "authenticator.AAGUID")?,
        ..CredentialLine::default()
    };
    Ok((credential, record.beside))
}

#[derive(Debug, Serialize)]
struct Written<'p> {
    id: Padded<'p>,
    #[serde(rename = "publicKey")]
    public_key: Padded<'p>,
    #[serde(rename = "attestationType")]
    attestation_type: &'static str,
    transport: &'p [String],
    flags: WrittenFlags,
    authenticator: WrittenAuthenticator,
    #[serde(flatten)]
    beside: Option<WrittenBeside<'p>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenFlags {
    user_present: bool,
    user_verified: bool,
    backup_eligible: bool,
    backup_state: bool,
}

#[derive(Debug, Serialize)]
struct WrittenAuthenticator {
    #[serde(rename = "AAGUID", serialize_with = "padded")]
    aaguid: [u8; 16],
    #[serde(rename = "signCount")]
    sign_count: u32,
    #[serde(rename = "cloneWarning")]
    clone_warning: bool,
}

fn padded<S: serde::Serializer>(bytes: &[u8; 16], serializer: S) -> Result<S::Ok, S::Error> {
    Padded(bytes).serialize(serializer)
}

const KEEPS: &[&str] = &[
    "credentials.sign_count",
    "credentials.transports",
    "credentials.uv_initialized",
    "credentials.backup_eligible",
    "credentials.backup_state",
    "credentials.aaguid",
];

fn written<'p>(passkey: &'p CredentialLine, notes: &mut Notes) -> Written<'p> {
    if passkey.backup_eligible.is_none() {
        notes.push(Bad::new(
            "credentials.backup_eligible",
            "it is unknown, and this form has no word for that: false is written",
        ));
    }
    Written {
        id: Padded(&passkey.id.0),
        public_key: Padded(&passkey.public_key.0),
        attestation_type: "none",
        transport: &passkey.transports,
        flags: WrittenFlags {
            user_present: true,
            user_verified: passkey.uv_initialized,
            backup_eligible: passkey.backup_eligible.unwrap_or(false),
            backup_state: passkey.backup_state,
        },
        authenticator: WrittenAuthenticator {
            aaguid: aaguid_bytes(passkey),
            sign_count: passkey.sign_count,
            clone_warning: false,
        },
        beside: None,
    }
}

pub(super) fn write(user: &UserLine, passkey: &CredentialLine, notes: &mut Notes) -> Result<String, Bad> {
    note_unsaid(user, Some(passkey), &[KEEPS, &["email", "credentials.rp_id"]].concat(), notes);
    let beside = Some(WrittenBeside::of(user, passkey));
    json(&Written { beside, ..written(passkey, notes) })
}

// ===== rows =====

#[derive(Debug, Deserialize)]
struct Row {
    user_id: Option<Id>,
    credential_id: Option<Bytes>,
    name: Option<String>,
    credential: Inner,
    created_at: Option<String>,
    used_at: Option<String>,
    deleted_at: Option<String>,
    user_handle: Option<Bytes>,
    email: Option<String>,
    rp_id: Option<String>,
}

/// The column, as JSON or as text that is JSON.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Inner {
    Text(String),
    Record(Box<Credential>),
}

pub(super) fn read_row(text: &str, notes: &mut Notes) -> Result<Option<UserLine>, Bad> {
    let row: Row = parse(text)?;
    if row.deleted_at.is_some() {
        notes.push(Bad::new("deleted_at", "the row was deleted, and is left out"));
        return Ok(None);
    }
    let record = match row.credential {
        Inner::Record(record) => *record,
        Inner::Text(text) => parse(&text)?,
    };
    let (credential, _) = taken(record, notes)?;
    if row.credential_id.is_some_and(|id| id.0 != credential.id.0) {
        return Err(Bad::new("credential_id", "it is not the id of the record in the row"));
    }
    let credential = CredentialLine {
        name: row.name.filter(|name| !name.is_empty()),
        created_at: instant(row.created_at, "created_at")?,
        last_used_at: instant(row.used_at, "used_at")?,
        ..credential
    };
    let beside = Beside { user_id: row.user_id, user_handle: row.user_handle, email: row.email, rp_id: row.rp_id };
    beside.user(credential).map(Some)
}

#[derive(Debug, Serialize)]
struct WrittenRow<'p> {
    credential_id: Padded<'p>,
    name: &'p str,
    credential: Written<'p>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    used_at: Option<String>,
    #[serde(flatten)]
    beside: WrittenBeside<'p>,
}

pub(super) fn write_row(user: &UserLine, passkey: &CredentialLine, notes: &mut Notes) -> Result<String, Bad> {
    let more = ["email", "credentials.rp_id", "credentials.name", "credentials.created_at", "credentials.last_used_at"];
    note_unsaid(user, Some(passkey), &[KEEPS, &more].concat(), notes);
    if user.id.parse::<i64>().is_err() {
        notes.push(Bad::new("id", NO_PLACE_FOR_TEXT));
    }
    json(&WrittenRow {
        credential_id: Padded(&passkey.id.0),
        name: passkey.name.as_deref().unwrap_or_default(),
        credential: written(passkey, notes),
        created_at: written_instant(passkey.created_at),
        used_at: written_instant(passkey.last_used_at),
        beside: WrittenBeside::of(user, passkey),
    })
}

const NO_PLACE_FOR_TEXT: &str = "a table whose user ids are numbers has no place for it: it is written as text";
