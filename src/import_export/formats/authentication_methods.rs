//! A listing of a user's authentication methods, with passkeys among them.
//!
//! Its documents do not say in which form a key stands there: a COSE_Key, a SubjectPublicKeyInfo and an uncompressed
//! point on P-256 are told apart by themselves, and another is refused. Methods of other kinds are left out, and told.

use serde::Deserialize;

use crate::import_export::formats::beside::{Beside, Id};
use crate::import_export::formats::public_key::read_any;
use crate::import_export::formats::{Bad, Notes, Rest, instant, note_rest, parse};
use crate::import_export::line::{CredentialLine, UserLine};
use crate::relying_party::pending::Bytes;

#[derive(Debug, Deserialize)]
struct Kind {
    r#type: String,
}

#[derive(Debug, Deserialize)]
struct Method {
    name: Option<String>,
    key_id: Bytes,
    public_key: Bytes,
    credential_device_type: Option<DeviceType>,
    credential_backed_up: Option<bool>,
    identity_user_id: Option<Id>,
    user_id: Option<Id>,
    user_handle: Option<Bytes>,
    transports: Option<Vec<String>>,
    #[serde(alias = "relying_party_identifier")]
    relying_party_id: Option<String>,
    aaguid: Option<String>,
    created_at: Option<String>,
    last_auth_at: Option<String>,
    email: Option<String>,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DeviceType {
    SingleDevice,
    MultiDevice,
}

pub(super) fn read(text: &str, notes: &mut Notes) -> Result<Option<UserLine>, Bad> {
    let kind: Kind = parse(text)?;
    if kind.r#type != "passkey" {
        notes.push(Bad::new("type", "it is no passkey, and is left out"));
        return Ok(None);
    }
    let method: Method = parse(text)?;
    let rest: Rest = method.rest.into_iter().filter(|(member, _)| member != "type").collect();
    note_rest(&rest, "", notes);
    let key = read_any(&method.public_key.0);
    let key = key.ok_or_else(|| Bad::new("public_key", "it is no key of a form that is known"))?;
    let credential = CredentialLine {
        id: method.key_id,
        public_key: Bytes(key.as_bytes().to_vec()),
        transports: method.transports.unwrap_or_default(),
        backup_eligible: method.credential_device_type.map(|kind| kind == DeviceType::MultiDevice),
        backup_state: method.credential_backed_up.unwrap_or(false),
        aaguid: method.aaguid,
        name: method.name.filter(|name| !name.is_empty()),
        created_at: instant(method.created_at, "created_at")?,
        last_used_at: instant(method.last_auth_at, "last_auth_at")?,
        ..CredentialLine::default()
    };
    let beside = Beside {
        user_id: method.user_id.or(method.identity_user_id),
        user_handle: method.user_handle,
        email: method.email,
        rp_id: method.relying_party_id,
    };
    beside.user(credential).map(Some)
}
