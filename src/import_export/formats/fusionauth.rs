//! The request by which FusionAuth imports passkeys: a document with a list of credentials.
//!
//! Its keys are SubjectPublicKeyInfo in PEM and its users are UUIDs. Its documents say nothing of the user handle: to
//! be read, that stands beside the record as `user_handle`; when written, it gets lost, and that is told.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::import_export::formats::beside::{Beside, Id};
use crate::import_export::formats::public_key::Numbers;
use crate::import_export::formats::{Bad, NO_PLACE, Notes, Rest, json, note_rest, note_unsaid, parse};
use crate::import_export::line::{CredentialLine, UserLine};
use crate::relying_party::directory::user::is_email;
use crate::relying_party::pending::Bytes;
use crate::webauthn::cose_key::CoseKey;

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    algorithm: i64,
    #[serde(default)]
    authenticator_supports_user_verification: bool,
    credential_id: Bytes,
    display_name: Option<String>,
    insert_instant: Option<i64>,
    last_use_instant: Option<i64>,
    public_key: String,
    relying_party_id: Option<String>,
    #[serde(default)]
    sign_count: u32,
    transports: Option<Vec<String>>,
    name: Option<String>,
    user_id: String,
    attestation_type: Option<String>,
    #[serde(rename = "user_handle")]
    user_handle: Option<Bytes>,
    email: Option<String>,
    #[serde(flatten)]
    rest: Rest,
}

pub(super) fn read(text: &str, notes: &mut Notes) -> Result<UserLine, Bad> {
    let record: Credential = parse(text)?;
    note_rest(&record.rest, "", notes);
    if record.attestation_type.is_some_and(|kind| kind != "none") {
        notes.push(Bad::new("attestationType", "attestation is not kept"));
    }
    // The account goes by its address there, in most cases.
    let (address, name) = match record.name {
        Some(name) if is_email(&name) => (Some(name), None),
        name => (None, name),
    };
    if name.is_some() {
        notes.push(Bad::new("name", "it is not kept"));
    }
    let key = read_pem(&record.public_key).and_then(|der| Numbers::from_spki(&der));
    let key = key.ok_or_else(|| Bad::new("publicKey", "it is no public key in PEM that can be verified with"))?;
    if key.algorithm() != record.algorithm {
        return Err(Bad::new("algorithm", "it is not that of the key"));
    }
    let key = key.key().ok_or_else(|| Bad::new("publicKey", "its numbers are no public key"))?;
    let credential = CredentialLine {
        id: record.credential_id,
        public_key: Bytes(key.as_bytes().to_vec()),
        sign_count: record.sign_count,
        transports: record.transports.unwrap_or_default(),
        uv_initialized: record.authenticator_supports_user_verification,
        name: record.display_name.filter(|name| !name.is_empty()),
        created_at: record.insert_instant.map(|instant| instant.div_euclid(1000)),
        last_used_at: record.last_use_instant.map(|instant| instant.div_euclid(1000)),
        ..CredentialLine::default()
    };
    let beside = Beside {
        user_id: Some(Id::Text(record.user_id)),
        user_handle: record.user_handle,
        email: record.email.or(address),
        rp_id: record.relying_party_id,
    };
    beside.user(credential)
}

fn read_pem(text: &str) -> Option<Vec<u8>> {
    let body = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let body: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(body).ok()
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("{BEGIN}\n{}\n{END}", lines.join("\n"))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'p> {
    algorithm: i64,
    attestation_type: &'static str,
    authenticator_supports_user_verification: bool,
    credential_id: &'p Bytes,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    insert_instant: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_use_instant: Option<i64>,
    name: &'p str,
    public_key: String,
    relying_party_id: &'p str,
    sign_count: u32,
    transports: &'p [String],
    user_id: String,
}

const KEEPS: &[&str] = &[
    "credentials.sign_count",
    "credentials.transports",
    "credentials.uv_initialized",
    "credentials.rp_id",
    "credentials.name",
    "credentials.created_at",
    "credentials.last_used_at",
];

pub(super) fn write(user: &UserLine, passkey: &CredentialLine, notes: &mut Notes) -> Result<String, Bad> {
    let user_id = Uuid::parse_str(&user.id).map_err(|_| Bad::new("id", "this form names users by UUID"))?;
    let rp_id = passkey.rp_id.as_deref();
    let rp_id = rp_id.ok_or_else(|| Bad::new("credentials.rp_id", "this form wants one; give it with --rp-id"))?;
    let key = CoseKey::parse(&passkey.public_key.0).ok().and_then(|key| Numbers::of(&key));
    let key = key.ok_or_else(|| Bad::new("credentials.public_key", "it is no COSE key that can be verified with"))?;
    if matches!(key, Numbers::Ed25519 { .. }) {
        return Err(Bad::new("credentials.public_key", "this form's documents name no Ed25519 keys"));
    }
    // The account's name is a member of its own there, and must be given.
    let names = [user.email.as_deref(), user.name.as_deref()];
    let name = names.into_iter().flatten().next().unwrap_or(&user.id);
    note_unsaid(user, Some(passkey), &[KEEPS, &["email"]].concat(), notes);
    notes.push(Bad::new("handle", NO_PLACE));
    json(&Written {
        algorithm: key.algorithm(),
        attestation_type: "none",
        authenticator_supports_user_verification: passkey.uv_initialized,
        credential_id: &passkey.id,
        display_name: passkey.name.as_deref(),
        insert_instant: passkey.created_at.map(|seconds| seconds.saturating_mul(1000)),
        last_use_instant: passkey.last_used_at.map(|seconds| seconds.saturating_mul(1000)),
        name,
        public_key: pem(&key.to_spki()),
        relying_party_id: rp_id,
        sign_count: passkey.sign_count,
        transports: &passkey.transports,
        user_id: user_id.to_string(),
    })
}
