//! The `GoCredential` of the Go library go-webauthn, alone or in the rows of a table.
//!
//! Go reads member names in any case, and older versions of the library wrote them in upper case: both are read. A record
//! does not name its user, so members next to it do. Versions without flags leave the backup eligibility unknown.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::import_export::formats::owner::{Owner, OwnerId, with_owner};
use crate::import_export::formats::{
    MemberProblem, NOT_KEPT, Notes, UnknownMembers, aaguid, aaguid_bytes, instant, note_omitted, note_unknown,
    note_unknown_eligibility, padded, parse, present, written_instant,
};
use crate::import_export::line::{CredentialLine, UserLine};
use crate::relying_party::pending::Base64Bytes;

#[derive(Debug, Deserialize)]
struct GoCredential {
    #[serde(alias = "ID")]
    id: Base64Bytes,
    #[serde(rename = "publicKey", alias = "PublicKey")]
    public_key: Base64Bytes,
    #[serde(alias = "Transport")]
    transport: Option<Vec<String>>,
    #[serde(alias = "Flags")]
    flags: Option<GoFlags>,
    #[serde(alias = "Authenticator")]
    authenticator: Option<GoAuthenticator>,
    #[serde(rename = "attestationType", alias = "AttestationType")]
    attestation_type: Option<String>,
    #[serde(flatten)]
    owner: Owner,
    #[serde(flatten)]
    rest: UnknownMembers,
}

#[derive(Debug, Deserialize)]
struct GoFlags {
    #[serde(rename = "userVerified", alias = "UserVerified", default)]
    user_verified: bool,
    #[serde(rename = "backupEligible", alias = "BackupEligible")]
    backup_eligible: Option<bool>,
    #[serde(rename = "backupState", alias = "BackupState", default)]
    backup_state: bool,
}

#[derive(Debug, Deserialize)]
struct GoAuthenticator {
    #[serde(rename = "AAGUID", alias = "aaguid")]
    aaguid: Option<Base64Bytes>,
    #[serde(rename = "signCount", alias = "SignCount", default)]
    sign_count: u32,
    #[serde(rename = "cloneWarning", alias = "CloneWarning", default)]
    clone_warning: bool,
    #[serde(alias = "Attachment")]
    attachment: Option<String>,
}

pub(super) fn read(text: &str, notes: &mut Notes) -> Result<UserLine, MemberProblem> {
    let (credential, owner) = read_credential(parse(text)?, notes)?;
    owner.user(credential)
}

fn read_credential(record: GoCredential, notes: &mut Notes) -> Result<(CredentialLine, Owner), MemberProblem> {
    note_unknown(&record.rest, "", notes);
    if record.attestation_type.is_some_and(|kind| !kind.is_empty() && kind != "none") {
        notes.push(MemberProblem::new("attestationType", "attestation is not kept"));
    }
    let flags = record.flags;
    let authenticator = record.authenticator;
    if authenticator.as_ref().is_some_and(|authenticator| authenticator.clone_warning) {
        notes.push(MemberProblem::new("authenticator.cloneWarning", "warnings are not kept"));
    }
    if authenticator.as_ref().and_then(|known| known.attachment.as_ref()).is_some_and(|kind| !kind.is_empty()) {
        notes.push(MemberProblem::new("authenticator.attachment", NOT_KEPT));
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
    Ok((credential, record.owner))
}

const KEEPS: &[&str] = &[
    "credentials.sign_count",
    "credentials.transports",
    "credentials.uv_initialized",
    "credentials.backup_eligible",
    "credentials.backup_state",
    "credentials.aaguid",
];

fn written(passkey: &CredentialLine, notes: &mut Notes) -> Value {
    note_unknown_eligibility(passkey, notes);
    json!({
        "id": padded(&passkey.id.0),
        "publicKey": padded(&passkey.public_key.0),
        "attestationType": "none",
        "transport": passkey.transports,
        "flags": {
            "userPresent": true,
            "userVerified": passkey.uv_initialized,
            "backupEligible": passkey.backup_eligible.unwrap_or(false),
            "backupState": passkey.backup_state,
        },
        "authenticator": {
            "AAGUID": padded(&aaguid_bytes(passkey)),
            "signCount": passkey.sign_count,
            "cloneWarning": false,
        },
    })
}

pub(super) fn write(user: &UserLine, passkey: &CredentialLine, notes: &mut Notes) -> Result<String, MemberProblem> {
    note_omitted(user, Some(passkey), &[KEEPS, &["email", "credentials.rp_id"]].concat(), notes);
    Ok(with_owner(written(passkey, notes), user, passkey).to_string())
}

// ===== rows =====

#[derive(Debug, Deserialize)]
struct TableRow {
    user_id: Option<OwnerId>,
    credential_id: Option<Base64Bytes>,
    name: Option<String>,
    credential: CredentialColumn,
    created_at: Option<String>,
    used_at: Option<String>,
    deleted_at: Option<String>,
    user_handle: Option<Base64Bytes>,
    email: Option<String>,
    rp_id: Option<String>,
}

/// The column, as JSON or as text with JSON.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum CredentialColumn {
    Text(String),
    Record(Box<GoCredential>),
}

pub(super) fn read_row(text: &str, notes: &mut Notes) -> Result<Option<UserLine>, MemberProblem> {
    let row: TableRow = parse(text)?;
    if row.deleted_at.is_some() {
        notes.push(MemberProblem::new("deleted_at", "the row is deleted, skipped"));
        return Ok(None);
    }
    let record = match row.credential {
        CredentialColumn::Record(record) => *record,
        CredentialColumn::Text(text) => parse(&text)?,
    };
    let (credential, _) = read_credential(record, notes)?;
    if row.credential_id.is_some_and(|id| id.0 != credential.id.0) {
        return Err(MemberProblem::new("credential_id", "it is not the id in the column `credential`"));
    }
    let credential = CredentialLine {
        name: row.name.filter(|name| !name.is_empty()),
        created_at: instant(row.created_at, "created_at")?,
        last_used_at: instant(row.used_at, "used_at")?,
        ..credential
    };
    let owner = Owner { user_id: row.user_id, user_handle: row.user_handle, email: row.email, rp_id: row.rp_id };
    owner.user(credential).map(Some)
}

pub(super) fn write_row(user: &UserLine, passkey: &CredentialLine, notes: &mut Notes) -> Result<String, MemberProblem> {
    let more = ["email", "credentials.rp_id", "credentials.name", "credentials.created_at", "credentials.last_used_at"];
    note_omitted(user, Some(passkey), &[KEEPS, &more].concat(), notes);
    if user.id.parse::<i64>().is_err() {
        notes
            .push(MemberProblem::new("id", "a table with numeric user ids has no place for it; it is written as text"));
    }
    let row = present(json!({
        "credential_id": padded(&passkey.id.0),
        "name": passkey.name.as_deref().unwrap_or_default(),
        "credential": written(passkey, notes),
        "created_at": written_instant(passkey.created_at),
        "used_at": written_instant(passkey.last_used_at),
    }));
    Ok(with_owner(row, user, passkey).to_string())
}
