//! The `Passkey` of the Rust library webauthn-rs, as its versions 0.4 and 0.5 serialise it.
//!
//! The key's numbers stand in it one by one; older versions wrote them as arrays. Ed25519 is read and not written,
//! since the versions differ in its form.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::import_export::formats::beside::{Beside, WrittenBeside};
use crate::import_export::formats::public_key::Numbers;
use crate::import_export::formats::simplewebauthn::Binary;
use crate::import_export::formats::{Bad, Notes, Rest, json, note_rest, note_unsaid, parse};
use crate::import_export::line::{CredentialLine, UserLine};
use crate::relying_party::pending::Bytes;
use crate::webauthn::cose_key::CoseKey;

#[derive(Debug, Deserialize)]
struct Passkey {
    cred: Credential,
    #[serde(flatten)]
    beside: Beside,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Deserialize)]
struct Credential {
    cred_id: Binary,
    cred: Key,
    counter: u32,
    transports: Option<Vec<String>>,
    #[serde(alias = "verified")]
    user_verified: bool,
    backup_eligible: Option<bool>,
    #[serde(default)]
    backup_state: bool,
    #[serde(default)]
    extensions: BTreeMap<String, Setting>,
    attestation_format: Option<Setting>,
}

#[derive(Debug, Deserialize)]
struct Key {
    key: Shape,
}

#[derive(Debug, Deserialize)]
enum Shape {
    #[serde(rename = "EC_EC2")]
    Ec2 { curve: Curve, x: Binary, y: Binary },
    #[serde(rename = "EC_OKP")]
    Okp { x: Binary },
    #[serde(rename = "RSA")]
    Rsa { n: Binary, e: Binary },
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
enum Curve {
    #[serde(rename = "SECP256R1")]
    P256,
    #[serde(rename = "SECP384R1")]
    P384,
}

/// A word, or something else that is not kept.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Setting {
    Word(String),
    Other(IgnoredAny),
}

impl Setting {
    fn says_something(&self) -> bool {
        match self {
            Self::Word(word) => !["NotRequested", "Ignored", "None", "none"].contains(&word.as_str()),
            Self::Other(_) => true,
        }
    }
}

pub(super) fn read(text: &str, notes: &mut Notes) -> Result<UserLine, Bad> {
    let passkey: Passkey = parse(text)?;
    note_rest(&passkey.rest, "", notes);
    let record = passkey.cred;
    let said = record.extensions.iter().filter(|(_, setting)| setting.says_something());
    notes.extend(said.map(|(name, _)| Bad::new(format!("cred.extensions.{name}"), "extensions are not kept")));
    if record.attestation_format.is_some_and(|format| format.says_something()) {
        notes.push(Bad::new("cred.attestation", "attestation is not kept"));
    }
    let no_bytes = |member| move || Bad::new(member, "it is no list of bytes");
    let number = |binary: Binary| binary.bytes().ok_or_else(no_bytes("cred.cred.key"));
    let numbers = match record.cred.key {
        Shape::Ec2 { curve: Curve::P256, x, y } => Numbers::P256 { x: number(x)?, y: number(y)? },
        Shape::Ec2 { curve: Curve::P384, x, y } => Numbers::P384 { x: number(x)?, y: number(y)? },
        Shape::Okp { x } => Numbers::Ed25519 { x: number(x)? },
        Shape::Rsa { n, e } => Numbers::Rsa { n: number(n)?, e: number(e)? },
    };
    let key = numbers.key().ok_or_else(|| Bad::new("cred.cred.key", "its numbers are no public key"))?;
    let credential = CredentialLine {
        id: Bytes(record.cred_id.bytes().ok_or_else(no_bytes("cred.cred_id"))?),
        public_key: Bytes(key.as_bytes().to_vec()),
        sign_count: record.counter,
        transports: record.transports.unwrap_or_default(),
        uv_initialized: record.user_verified,
        backup_eligible: record.backup_eligible,
        backup_state: record.backup_state,
        ..CredentialLine::default()
    };
    passkey.beside.user(credential)
}

#[derive(Debug, Serialize)]
struct Written<'p> {
    cred: WrittenCredential<'p>,
    #[serde(flatten)]
    beside: WrittenBeside<'p>,
}

#[derive(Debug, Serialize)]
struct WrittenCredential<'p> {
    cred_id: &'p Bytes,
    cred: WrittenKey,
    counter: u32,
    transports: Option<&'p [String]>,
    user_verified: bool,
    backup_eligible: bool,
    backup_state: bool,
    registration_policy: &'static str,
    extensions: WrittenExtensions,
    attestation: WrittenAttestation,
    attestation_format: &'static str,
}

#[derive(Debug, Serialize)]
struct WrittenKey {
    type_: &'static str,
    key: WrittenShape,
}

#[derive(Debug, Serialize)]
enum WrittenShape {
    #[serde(rename = "EC_EC2")]
    Ec2 { curve: Curve, x: Bytes, y: Bytes },
    #[serde(rename = "RSA")]
    Rsa { n: Bytes, e: [u8; 3] },
}

#[derive(Debug, Serialize)]
struct WrittenExtensions {
    cred_protect: &'static str,
    hmac_create_secret: &'static str,
    appid: &'static str,
    cred_props: &'static str,
}

#[derive(Debug, Serialize)]
struct WrittenAttestation {
    data: &'static str,
    metadata: &'static str,
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

pub(super) fn write(user: &UserLine, passkey: &CredentialLine, notes: &mut Notes) -> Result<String, Bad> {
    note_unsaid(user, Some(passkey), KEEPS, notes);
    if passkey.backup_eligible.is_none() {
        notes.push(Bad::new(
            "credentials.backup_eligible",
            "it is unknown, and this form has no word for that: false is written",
        ));
    }
    json(&Written {
        cred: WrittenCredential {
            cred_id: &passkey.id,
            cred: written_key(passkey)?,
            counter: passkey.sign_count,
            transports: (!passkey.transports.is_empty()).then_some(&passkey.transports),
            user_verified: passkey.uv_initialized,
            backup_eligible: passkey.backup_eligible.unwrap_or(false),
            backup_state: passkey.backup_state,
            registration_policy: "preferred",
            extensions: WrittenExtensions {
                cred_protect: "NotRequested",
                hmac_create_secret: "NotRequested",
                appid: "NotRequested",
                cred_props: "NotRequested",
            },
            attestation: WrittenAttestation { data: "None", metadata: "None" },
            attestation_format: "none",
        },
        beside: WrittenBeside::of(user, passkey),
    })
}

fn written_key(passkey: &CredentialLine) -> Result<WrittenKey, Bad> {
    let bad = |reason| Bad::new("credentials.public_key", reason);
    let key = CoseKey::parse(&passkey.public_key.0).map_err(|_| bad("it is no COSE key that can be verified with"))?;
    let ec2 = |type_, curve, x, y| Ok(WrittenKey { type_, key: WrittenShape::Ec2 { curve, x: Bytes(x), y: Bytes(y) } });
    match Numbers::of(&key) {
        Some(Numbers::P256 { x, y }) => ec2("ES256", Curve::P256, x, y),
        Some(Numbers::P384 { x, y }) => ec2("ES384", Curve::P384, x, y),
        Some(Numbers::Rsa { n, e }) => {
            let e = e.try_into().map_err(|_| bad("this form has room for an exponent of three bytes"))?;
            Ok(WrittenKey { type_: "RS256", key: WrittenShape::Rsa { n: Bytes(n), e } })
        }
        Some(Numbers::Ed25519 { .. }) => Err(bad("versions of this form differ in how an Ed25519 key is written")),
        None => Err(bad("it is no COSE key that can be verified with")),
    }
}
