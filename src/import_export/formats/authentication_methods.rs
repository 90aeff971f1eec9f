//! A list of a user's authentication methods, with passkeys.
//!
//! The form of a key is not documented: a COSE_Key, a SubjectPublicKeyInfo and an uncompressed point on P-256 are
//! recognised. Methods of other types are skipped, with a note.

use serde::Deserialize;

use crate::import_export::formats::owner::{Owner, OwnerId};
use crate::import_export::formats::public_key::read_any;
use crate::import_export::formats::{DeviceType, MemberProblem, Notes, UnknownMembers, instant, note_unknown, parse};
use crate::import_export::line::{CredentialLine, UserLine};
use crate::relying_party::pending::Base64Bytes;

#[derive(Debug, Deserialize)]
struct MethodType {
    r#type: String,
}

#[derive(Debug, Deserialize)]
struct PasskeyMethod {
    name: Option<String>,
    key_id: Base64Bytes,
    public_key: Base64Bytes,
    credential_device_type: Option<DeviceType>,
    credential_backed_up: Option<bool>,
    identity_user_id: Option<OwnerId>,
    user_id: Option<OwnerId>,
    user_handle: Option<Base64Bytes>,
    transports: Option<Vec<String>>,
    #[serde(alias = "relying_party_identifier")]
    relying_party_id: Option<String>,
    aaguid: Option<String>,
    created_at: Option<String>,
    last_auth_at: Option<String>,
    email: Option<String>,
    #[serde(flatten)]
    rest: UnknownMembers,
}

pub(super) fn read(text: &str, notes: &mut Notes) -> Result<Option<UserLine>, MemberProblem> {
    let method: MethodType = parse(text)?;
    if method.r#type != "passkey" {
        notes.push(MemberProblem::new("type", "not a passkey, skipped"));
        return Ok(None);
    }
    let method: PasskeyMethod = parse(text)?;
    let rest: UnknownMembers = method.rest.into_iter().filter(|(member, _)| member != "type").collect();
    note_unknown(&rest, "", notes);
    let key = read_any(&method.public_key.0);
    let key = key.ok_or_else(|| MemberProblem::new("public_key", "its form is not supported"))?;
    let credential = CredentialLine {
        id: method.key_id,
        public_key: Base64Bytes(key.as_bytes().to_vec()),
        transports: method.transports.unwrap_or_default(),
        backup_eligible: method.credential_device_type.map(|kind| kind == DeviceType::MultiDevice),
        backup_state: method.credential_backed_up.unwrap_or(false),
        aaguid: method.aaguid,
        name: method.name.filter(|name| !name.is_empty()),
        created_at: instant(method.created_at, "created_at")?,
        last_used_at: instant(method.last_auth_at, "last_auth_at")?,
        ..CredentialLine::default()
    };
    let owner = Owner {
        user_id: method.user_id.or(method.identity_user_id),
        user_handle: method.user_handle,
        email: method.email,
        rp_id: method.relying_party_id,
    };
    owner.user(credential).map(Some)
}
