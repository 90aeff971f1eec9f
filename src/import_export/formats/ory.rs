//! An identity with passkeys, as Ory's documents import it: the body of a creation, alone, in a list, or as the
//! `create` members of a bulk import. One identity a line is written.
//!
//! Which traits an identity has is its schema's to say: the preset for addresses is written, and other schemas have
//! their own names. Ory gives an id of its own; the user's travels in `external_id`, which is there to link an
//! identity to another system, is unique, and can be looked up by. Versions that do not know it yet leave it out.

use serde::{Deserialize, Serialize};

use crate::import_export::formats::beside::Id;
use crate::import_export::formats::{
    Bad, Notes, Padded, Rest, aaguid, aaguid_bytes, instant, json, note_rest, note_unsaid, parse, written_instant,
};
use crate::import_export::line::{CredentialLine, UserLine};
use crate::relying_party::pending::Bytes;

#[derive(Debug, Deserialize)]
struct Identity {
    id: Option<Id>,
    traits: Traits,
    credentials: Kinds,
    external_id: Option<Id>,
    rp_id: Option<String>,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Deserialize)]
struct Traits {
    email: Option<String>,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Deserialize)]
struct Kinds {
    passkey: Option<Kind>,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Deserialize)]
struct Kind {
    config: Config,
}

#[derive(Debug, Deserialize)]
struct Config {
    user_handle: Option<Bytes>,
    credentials: Vec<Credential>,
}

#[derive(Debug, Deserialize)]
struct Credential {
    id: Bytes,
    public_key: Bytes,
    display_name: Option<String>,
    added_at: Option<String>,
    transport: Option<Vec<String>>,
    flags: Option<Flags>,
    authenticator: Authenticator,
    attestation_type: Option<String>,
    is_passwordless: Option<bool>,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Flags {
    #[serde(default)]
    user_present: bool,
    #[serde(default)]
    user_verified: bool,
    backup_eligible: Option<bool>,
    #[serde(default)]
    backup_state: bool,
}

#[derive(Debug, Deserialize)]
struct Authenticator {
    aaguid: Option<Bytes>,
    #[serde(default)]
    sign_count: u32,
    #[serde(default)]
    clone_warning: bool,
}

pub(super) fn read(text: &str, notes: &mut Notes) -> Result<UserLine, Bad> {
    let identity: Identity = parse(text)?;
    let rest: Rest = identity.rest.into_iter().filter(|(member, _)| member != "schema_id").collect();
    note_rest(&rest, "", notes);
    note_rest(&identity.traits.rest, "traits.", notes);
    note_rest(&identity.credentials.rest, "credentials.", notes);
    let id = identity.external_id.or(identity.id).map(Id::text).or_else(|| identity.traits.email.clone());
    let id = id.ok_or_else(|| Bad::new("traits.email", "nothing names the user"))?;
    let config = identity.credentials.passkey.map(|kind| kind.config);
    let config = config.unwrap_or(Config { user_handle: None, credentials: Vec::new() });
    let rp_id = identity.rp_id;
    let passkey = |credential| taken(credential, rp_id.clone(), notes);
    Ok(UserLine {
        id,
        handle: config.user_handle,
        email: identity.traits.email,
        credentials: config.credentials.into_iter().map(passkey).collect::<Result<_, _>>()?,
        ..UserLine::default()
    })
}

fn taken(record: Credential, rp_id: Option<String>, notes: &mut Notes) -> Result<CredentialLine, Bad> {
    note_rest(&record.rest, "credentials.passkey.config.credentials.", notes);
    if record.attestation_type.is_some_and(|kind| !kind.is_empty() && kind != "none") {
        notes.push(Bad::new("attestation_type", "attestation is not kept"));
    }
    if record.authenticator.clone_warning {
        notes.push(Bad::new("authenticator.clone_warning", "a warning is not kept"));
    }
    if record.is_passwordless == Some(false) {
        notes.push(Bad::new("is_passwordless", "here a passkey signs in without a password"));
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

#[derive(Debug, Serialize)]
struct Written<'u> {
    schema_id: &'static str,
    traits: WrittenTraits<'u>,
    external_id: &'u str,
    credentials: WrittenKinds<'u>,
}

#[derive(Debug, Serialize)]
struct WrittenTraits<'u> {
    email: &'u str,
}

#[derive(Debug, Serialize)]
struct WrittenKinds<'u> {
    passkey: WrittenKind<'u>,
}

#[derive(Debug, Serialize)]
struct WrittenKind<'u> {
    config: WrittenConfig<'u>,
}

#[derive(Debug, Serialize)]
struct WrittenConfig<'u> {
    user_handle: Padded<'u>,
    credentials: Vec<WrittenCredential<'u>>,
}

#[derive(Debug, Serialize)]
struct WrittenCredential<'u> {
    id: Padded<'u>,
    public_key: Padded<'u>,
    attestation_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'u str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    added_at: Option<String>,
    is_passwordless: bool,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    transport: &'u [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    flags: Option<Flags>,
    authenticator: WrittenAuthenticator,
}

#[derive(Debug, Serialize)]
struct WrittenAuthenticator {
    aaguid: String,
    sign_count: u32,
    clone_warning: bool,
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

pub(super) fn write(user: &UserLine, notes: &mut Notes) -> Result<String, Bad> {
    let email = user.email.as_deref().ok_or_else(|| Bad::new("email", "the identity's schema wants one"))?;
    let handles = user.credentials.iter().filter_map(|passkey| passkey.user_handle.as_ref());
    let handle = handles.chain(&user.handle).next().ok_or_else(|| Bad::new("handle", "this form wants one"))?;
    note_unsaid(user, None, KEEPS, notes);
    let mut credentials = Vec::new();
    for passkey in &user.credentials {
        let own = passkey.user_handle.as_ref().or(user.handle.as_ref());
        if own.is_some_and(|own| own.0 != handle.0) {
            return Err(Bad::new(
                "credentials.user_handle",
                "an identity has one handle, and these passkeys have several",
            ));
        }
        note_unsaid(&UserLine::default(), Some(passkey), KEEPS, notes);
        credentials.push(written(passkey));
    }
    json(&Written {
        schema_id: "preset://email",
        traits: WrittenTraits { email },
        external_id: &user.id,
        credentials: WrittenKinds {
            passkey: WrittenKind { config: WrittenConfig { user_handle: Padded(&handle.0), credentials } },
        },
    })
}

fn written(passkey: &CredentialLine) -> WrittenCredential<'_> {
    let flags = passkey.backup_eligible.map(|eligible| Flags {
        user_present: true,
        user_verified: passkey.uv_initialized,
        backup_eligible: Some(eligible),
        backup_state: passkey.backup_state,
    });
    WrittenCredential {
        id: Padded(&passkey.id.0),
        public_key: Padded(&passkey.public_key.0),
        attestation_type: "none",
        display_name: passkey.name.as_deref(),
        added_at: written_instant(passkey.created_at),
        is_passwordless: true,
        transport: &passkey.transports,
        flags,
        authenticator: WrittenAuthenticator {
            aaguid: super::standard(&aaguid_bytes(passkey)),
            sign_count: passkey.sign_count,
            clone_warning: false,
        },
    }
}
