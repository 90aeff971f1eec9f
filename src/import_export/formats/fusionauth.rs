//! The request by which FusionAuth imports passkeys: a document with a list of credentials.
//!
//! Its keys are SubjectPublicKeyInfo in PEM and its users are UUIDs. It has no documented member for the user handle: a
//! member `user_handle` next to the record is read, and a written record loses it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::import_export::formats::owner::{Owner, OwnerId};
use crate::import_export::formats::{
    MemberProblem, NO_MEMBER, NOT_KEPT, Notes, UNSUPPORTED_KEY, UnknownMembers, note_omitted, note_unknown, parse,
    present,
};
use crate::import_export::line::{CredentialLine, UserLine};
use crate::relying_party::directory::user::is_email;
use crate::relying_party::pending::Base64Bytes;
use crate::webauthn::cose_key::{CoseKey, KeyParameters};

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FusionauthCredential {
    algorithm: i64,
    #[serde(default)]
    authenticator_supports_user_verification: bool,
    credential_id: Base64Bytes,
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
    user_handle: Option<Base64Bytes>,
    email: Option<String>,
    #[serde(flatten)]
    rest: UnknownMembers,
}

pub(super) fn read(text: &str, notes: &mut Notes) -> Result<UserLine, MemberProblem> {
    let record: FusionauthCredential = parse(text)?;
    note_unknown(&record.rest, "", notes);
    if record.attestation_type.is_some_and(|kind| kind != "none") {
        notes.push(MemberProblem::new("attestationType", "attestation is not kept"));
    }
    // The account name is the address, in most cases.
    let (address, name) = match record.name {
        Some(name) if is_email(&name) => (Some(name), None),
        name => (None, name),
    };
    if name.is_some() {
        notes.push(MemberProblem::new("name", NOT_KEPT));
    }
    let key = read_pem(&record.public_key).and_then(|der| KeyParameters::from_spki(&der));
    let key = key.ok_or_else(|| MemberProblem::new("publicKey", "it is not a supported public key in PEM"))?;
    if key.algorithm().identifier() != record.algorithm {
        return Err(MemberProblem::new("algorithm", "it is not the key's algorithm"));
    }
    let key = CoseKey::from_parameters(&key)
        .map_err(|_| MemberProblem::new("publicKey", "its parameters are not a public key"))?;
    let credential = CredentialLine {
        id: record.credential_id,
        public_key: Base64Bytes(key.as_bytes().to_vec()),
        sign_count: record.sign_count,
        transports: record.transports.unwrap_or_default(),
        uv_initialized: record.authenticator_supports_user_verification,
        name: record.display_name.filter(|name| !name.is_empty()),
        created_at: record.insert_instant.map(|instant| instant.div_euclid(1000)),
        last_used_at: record.last_use_instant.map(|instant| instant.div_euclid(1000)),
        ..CredentialLine::default()
    };
    let owner = Owner {
        user_id: Some(OwnerId::Text(record.user_id)),
        user_handle: record.user_handle,
        email: record.email.or(address),
        rp_id: record.relying_party_id,
    };
    owner.user(credential)
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

const KEEPS: &[&str] = &[
    "credentials.sign_count",
    "credentials.transports",
    "credentials.uv_initialized",
    "credentials.rp_id",
    "credentials.name",
    "credentials.created_at",
    "credentials.last_used_at",
];

pub(super) fn write(user: &UserLine, passkey: &CredentialLine, notes: &mut Notes) -> Result<String, MemberProblem> {
    let user_id =
        Uuid::parse_str(&user.id).map_err(|_| MemberProblem::new("id", "the target format requires a UUID"))?;
    let rp_id = passkey.rp_id.as_deref();
    let rp_id =
        rp_id.ok_or_else(|| MemberProblem::new("credentials.rp_id", "the target format requires one; pass --rp-id"))?;
    let key = CoseKey::parse(&passkey.public_key.0).ok().map(|key| key.parameters());
    let key = key.ok_or_else(|| MemberProblem::new("credentials.public_key", UNSUPPORTED_KEY))?;
    if matches!(key, KeyParameters::Ed25519 { .. }) {
        return Err(MemberProblem::new("credentials.public_key", "the target format does not document Ed25519 keys"));
    }
    // The account name is a required member.
    let names = [user.email.as_deref(), user.name.as_deref()];
    let name = names.into_iter().flatten().next().unwrap_or(&user.id);
    note_omitted(user, Some(passkey), &[KEEPS, &["email"]].concat(), notes);
    notes.push(MemberProblem::new("handle", NO_MEMBER));
    let milliseconds = |seconds: i64| seconds.saturating_mul(1000);
    Ok(present(json!({
        "algorithm": key.algorithm().identifier(),
        "attestationType": "none",
        "authenticatorSupportsUserVerification": passkey.uv_initialized,
        "credentialId": passkey.id,
        "displayName": passkey.name,
        "insertInstant": passkey.created_at.map(milliseconds),
        "lastUseInstant": passkey.last_used_at.map(milliseconds),
        "name": name,
        "publicKey": pem(&key.to_spki()),
        "relyingPartyId": rp_id,
        "signCount": passkey.sign_count,
        "transports": passkey.transports,
        "userId": user_id.to_string(),
    }))
    .to_string())
}
