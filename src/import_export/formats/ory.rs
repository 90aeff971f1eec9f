//! An identity with passkeys, as Ory imports it: the body of a creation, alone, in a list, or as the `create` members of
//! a bulk import. It is written as one identity per line.
//!
//! An identity is written with the traits of the schema preset for addresses. Ory assigns an id of its own, so the
//! user's id is `external_id`, which links an identity to another system. Older versions ignore it.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::import_export::formats::owner::OwnerId;
use crate::import_export::formats::{
    MemberProblem, Notes, UnknownMembers, aaguid, aaguid_bytes, instant, note_omitted, note_unknown, padded, parse,
    present, written_instant,
};
use crate::import_export::line::{CredentialLine, UserLine};
use crate::relying_party::pending::Base64Bytes;

#[derive(Debug, Deserialize)]
struct Identity {
    id: Option<OwnerId>,
    traits: Traits,
    credentials: CredentialTypes,
    external_id: Option<OwnerId>,
    rp_id: Option<String>,
    #[serde(flatten)]
    rest: UnknownMembers,
}

#[derive(Debug, Deserialize)]
struct Traits {
    email: Option<String>,
    #[serde(flatten)]
    rest: UnknownMembers,
}

#[derive(Debug, Deserialize)]
struct CredentialTypes {
    passkey: Option<Passkeys>,
    #[serde(flatten)]
    rest: UnknownMembers,
}

#[derive(Debug, Deserialize)]
struct Passkeys {
    config: PasskeyConfig,
}

#[derive(Debug, Deserialize)]
struct PasskeyConfig {
    user_handle: Option<Base64Bytes>,
    credentials: Vec<OryCredential>,
}

#[derive(Debug, Deserialize)]
struct OryCredential {
    id: Base64Bytes,
    public_key: Base64Bytes,
    display_name: Option<String>,
    added_at: Option<String>,
    transport: Option<Vec<String>>,
    flags: Option<OryFlags>,
    authenticator: OryAuthenticator,
    attestation_type: Option<String>,
    is_passwordless: Option<bool>,
    #[serde(flatten)]
    rest: UnknownMembers,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct OryFlags {
    #[serde(default)]
    user_verified: bool,
    backup_eligible: Option<bool>,
    #[serde(default)]
    backup_state: bool,
}

#[derive(Debug, Deserialize)]
struct OryAuthenticator {
    aaguid: Option<Base64Bytes>,
    #[serde(default)]
    sign_count: u32,
    #[serde(default)]
    clone_warning: bool,
}

pub(super) fn read(text: &str, notes: &mut Notes) -> Result<UserLine, MemberProblem> {
    let identity: Identity = parse(text)?;
    let rest: UnknownMembers = identity.rest.into_iter().filter(|(member, _)| member != "schema_id").collect();
    note_unknown(&rest, "", notes);
    note_unknown(&identity.traits.rest, "traits.", notes);
    note_unknown(&identity.credentials.rest, "credentials.", notes);
    let id = identity.external_id.or(identity.id).map(OwnerId::text).or_else(|| identity.traits.email.clone());
    let id = id.ok_or_else(|| MemberProblem::new("traits.email", "no member names the user"))?;
    let config = identity.credentials.passkey.map(|passkeys| passkeys.config);
    let config = config.unwrap_or(PasskeyConfig { user_handle: None, credentials: Vec::new() });
    let rp_id = identity.rp_id;
    let passkey = |credential| read_credential(credential, rp_id.clone(), notes);
    Ok(UserLine {
        id,
        handle: config.user_handle,
        email: identity.traits.email,
        credentials: config.credentials.into_iter().map(passkey).collect::<Result<_, _>>()?,
        ..UserLine::default()
    })
}

fn read_credential(
    record: OryCredential,
    rp_id: Option<String>,
    notes: &mut Notes,
) -> Result<CredentialLine, MemberProblem> {
    note_unknown(&record.rest, "credentials.passkey.config.credentials.", notes);
    if record.attestation_type.is_some_and(|kind| !kind.is_empty() && kind != "none") {
        notes.push(MemberProblem::new("attestation_type", "attestation is not kept"));
    }
    if record.authenticator.clone_warning {
        notes.push(MemberProblem::new("authenticator.clone_warning", "warnings are not kept"));
    }
    if record.is_passwordless == Some(false) {
        notes.push(MemberProblem::new("is_passwordless", "passkeys sign in without a password here"));
    }
    Ok(CredentialLine {
        id: record.id,
        public_key: record.public_key,
        sign_count: record.authenticator.sign_count,
        transports: record.transport.unwrap_or_default(),
        uv_initialized: record.flags.is_some_and(|flags| flags.user_verified),
        backup_eligible: record.flags.and_then(|flags| flags.backup_eligible),
        backup_state: record.flags.is_some_and(|flags| flags.backup_state),
        rp_id,
        aaguid: aaguid(record.authenticator.aaguid, "authenticator.aaguid")?,
        name: record.display_name.filter(|name| !name.is_empty()),
        created_at: instant(record.added_at, "added_at")?,
        ..CredentialLine::default()
    })
}

const KEEPS: &[&str] = &[
    "email",
    "credentials.sign_count",
    "credentials.transports",
    "credentials.uv_initialized",
    "credentials.backup_eligible",
    "credentials.backup_state",
    "credentials.aaguid",
    "credentials.name",
    "credentials.created_at",
];

pub(super) fn write(user: &UserLine, notes: &mut Notes) -> Result<String, MemberProblem> {
    let email =
        user.email.as_deref().ok_or_else(|| MemberProblem::new("email", "the identity's schema requires one"))?;
    let handles = user.credentials.iter().filter_map(|passkey| passkey.user_handle.as_ref());
    let handle = handles
        .chain(&user.handle)
        .next()
        .ok_or_else(|| MemberProblem::new("handle", "the target format requires one"))?;
    note_omitted(user, None, KEEPS, notes);
    let mut credentials = Vec::new();
    for passkey in &user.credentials {
        let own = passkey.user_handle.as_ref().or(user.handle.as_ref());
        if own.is_some_and(|own| own.0 != handle.0) {
            return Err(MemberProblem::new(
                "credentials.user_handle",
                "an identity has one handle, but these passkeys have several",
            ));
        }
        note_omitted(&UserLine::default(), Some(passkey), KEEPS, notes);
        credentials.push(written(passkey));
    }
    Ok(json!({
        "schema_id": "preset://email",
        "traits": {"email": email},
        "external_id": user.id,
        "credentials": {"passkey": {"config": {"user_handle": padded(&handle.0), "credentials": credentials}}},
    })
    .to_string())
}

fn written(passkey: &CredentialLine) -> Value {
    let flags = |eligible: bool| {
        json!({
            "user_present": true,
            "user_verified": passkey.uv_initialized,
            "backup_eligible": eligible,
            "backup_state": passkey.backup_state,
        })
    };
    present(json!({
        "id": padded(&passkey.id.0),
        "public_key": padded(&passkey.public_key.0),
        "attestation_type": "none",
        "display_name": passkey.name,
        "added_at": written_instant(passkey.created_at),
        "is_passwordless": true,
        "transport": (!passkey.transports.is_empty()).then_some(&passkey.transports),
        "flags": passkey.backup_eligible.map(flags),
        "authenticator": {
            "aaguid": padded(&aaguid_bytes(passkey)),
            "sign_count": passkey.sign_count,
            "clone_warning": false,
        },
    }))
}
