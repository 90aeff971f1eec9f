//! The `WebauthnRsPasskey` of the Rust library webauthn-rs, as its versions 0.4 and 0.5 serialise it.
//!
//! It has the parameters of the key; older versions wrote them as arrays. Ed25519 keys are read but not written, because
//! versions differ in their form.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::import_export::formats::owner::{Owner, with_owner};
use crate::import_export::formats::simplewebauthn::Binary;
use crate::import_export::formats::{
    MemberProblem, Notes, UNSUPPORTED_KEY, UnknownMembers, note_omitted, note_unknown, note_unknown_eligibility, parse,
};
use crate::import_export::line::{CredentialLine, UserLine};
use crate::relying_party::pending::Base64Bytes;
use crate::webauthn::cose_key::{CoseKey, KeyParameters};

#[derive(Debug, Deserialize)]
struct WebauthnRsPasskey {
    cred: WebauthnRsCredential,
    #[serde(flatten)]
    owner: Owner,
    #[serde(flatten)]
    rest: UnknownMembers,
}

#[derive(Debug, Deserialize)]
struct WebauthnRsCredential {
    cred_id: Binary,
    cred: CredentialKey,
    counter: u32,
    transports: Option<Vec<String>>,
    #[serde(alias = "verified")]
    user_verified: bool,
    backup_eligible: Option<bool>,
    #[serde(default)]
    backup_state: bool,
    #[serde(default)]
    extensions: BTreeMap<String, ExtensionValue>,
    attestation_format: Option<ExtensionValue>,
}

#[derive(Debug, Deserialize)]
struct CredentialKey {
    key: KeyShape,
}

#[derive(Debug, Deserialize)]
enum KeyShape {
    #[serde(rename = "EC_EC2")]
    Ec2 { curve: Curve, x: Binary, y: Binary },
    #[serde(rename = "EC_OKP")]
    Okp { x: Binary },
    #[serde(rename = "RSA")]
    Rsa { n: Binary, e: Binary },
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Curve {
    #[serde(rename = "SECP256R1")]
    P256,
    #[serde(rename = "SECP384R1")]
    P384,
}

/// A keyword, or another value.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum ExtensionValue {
    Keyword(String),
    Other(IgnoredAny),
}

impl ExtensionValue {
    fn is_set(&self) -> bool {
        match self {
            Self::Keyword(word) => !["NotRequested", "Ignored", "None", "none"].contains(&word.as_str()),
            Self::Other(_) => true,
        }
    }
}

pub(super) fn read(text: &str, notes: &mut Notes) -> Result<UserLine, MemberProblem> {
    let passkey: WebauthnRsPasskey = parse(text)?;
    note_unknown(&passkey.rest, "", notes);
    let record = passkey.cred;
    let set = record.extensions.iter().filter(|(_, value)| value.is_set());
    notes.extend(set.map(|(name, _)| MemberProblem::new(format!("cred.extensions.{name}"), "extensions are not kept")));
    if record.attestation_format.is_some_and(|format| format.is_set()) {
        notes.push(MemberProblem::new("cred.attestation", "attestation is not kept"));
    }
    let not_bytes = |member| move || MemberProblem::new(member, "it is not a list of bytes");
    let number = |binary: Binary| binary.bytes().ok_or_else(not_bytes("cred.cred.key"));
    let parameters = match record.cred.key {
        KeyShape::Ec2 { curve: Curve::P256, x, y } => KeyParameters::P256 { x: number(x)?, y: number(y)? },
        KeyShape::Ec2 { curve: Curve::P384, x, y } => KeyParameters::P384 { x: number(x)?, y: number(y)? },
        KeyShape::Okp { x } => KeyParameters::Ed25519 { x: number(x)? },
        KeyShape::Rsa { n, e } => KeyParameters::Rsa { n: number(n)?, e: number(e)? },
    };
    let key = CoseKey::from_parameters(&parameters)
        .map_err(|_| MemberProblem::new("cred.cred.key", "its parameters are not a public key"))?;
    let credential = CredentialLine {
        id: Base64Bytes(record.cred_id.bytes().ok_or_else(not_bytes("cred.cred_id"))?),
        public_key: Base64Bytes(key.as_bytes().to_vec()),
        sign_count: record.counter,
        transports: record.transports.unwrap_or_default(),
        uv_initialized: record.user_verified,
        backup_eligible: record.backup_eligible,
        backup_state: record.backup_state,
        ..CredentialLine::default()
    };
    passkey.owner.user(credential)
}

const KEEPS: &[&str] = &[
    "email",
    "credentials.sign_count",
    "credentials.transports",
    "credentials.uv_initialized",
    "credentials.backup_eligible",
    "credentials.backup_state",
    "credentials.rp_id",
];

pub(super) fn write(user: &UserLine, passkey: &CredentialLine, notes: &mut Notes) -> Result<String, MemberProblem> {
    note_omitted(user, Some(passkey), KEEPS, notes);
    note_unknown_eligibility(passkey, notes);
    let cred = json!({
        "cred_id": passkey.id,
        "cred": written_key(passkey)?,
        "counter": passkey.sign_count,
        "transports": (!passkey.transports.is_empty()).then_some(&passkey.transports),
        "user_verified": passkey.uv_initialized,
        "backup_eligible": passkey.backup_eligible.unwrap_or(false),
        "backup_state": passkey.backup_state,
        "registration_policy": "preferred",
        "extensions": {
            "cred_protect": "NotRequested",
            "hmac_create_secret": "NotRequested",
            "appid": "NotRequested",
            "cred_props": "NotRequested",
        },
        "attestation": {"data": "None", "metadata": "None"},
        "attestation_format": "none",
    });
    Ok(with_owner(json!({"cred": cred}), user, passkey).to_string())
}

fn written_key(passkey: &CredentialLine) -> Result<Value, MemberProblem> {
    let problem = |reason| MemberProblem::new("credentials.public_key", reason);
    let key = CoseKey::parse(&passkey.public_key.0).ok().map(|key| key.parameters());
    let ec2 = |algorithm, curve, x, y| {
        let [x, y] = [x, y].map(Base64Bytes);
        json!({"type_": algorithm, "key": {"EC_EC2": {"curve": curve, "x": x, "y": y}}})
    };
    match key {
        Some(KeyParameters::P256 { x, y }) => Ok(ec2("ES256", "SECP256R1", x, y)),
        Some(KeyParameters::P384 { x, y }) => Ok(ec2("ES384", "SECP384R1", x, y)),
        Some(KeyParameters::Rsa { n, e }) if e.len() == 3 => {
            Ok(json!({"type_": "RS256", "key": {"RSA": {"n": Base64Bytes(n), "e": e}}}))
        }
        Some(KeyParameters::Rsa { .. }) => Err(problem("the target format requires an exponent of three bytes")),
        Some(KeyParameters::Ed25519 { .. }) => {
            Err(problem("versions of the target format differ in the form of Ed25519 keys"))
        }
        None => Err(problem(UNSUPPORTED_KEY)),
    }
}
