//! One user as one line of JSON.
//!
//! Binary members are written as unpadded base64url and read as any kind of base64. Unknown members are refused, so that
//! a typing error loses nothing.

use serde::{Deserialize, Serialize};
use serde_json::error::Category;
use uuid::Uuid;

use crate::relying_party::directory::credential::{Credential, MAX_CREDENTIAL_ID};
use crate::relying_party::directory::user::{MAX_HANDLE, Profile, User, is_email};
use crate::relying_party::pending::Base64Bytes;
use crate::relying_party::random;
use crate::storage::error::StoreError;
use crate::webauthn::cose_key::CoseKey;

/// A user with their passkeys.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserLine {
    pub(super) id: String,
    /// The user handle, which the user's authenticators keep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) handle: Option<Base64Bytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display_name: Option<String>,
    #[serde(default)]
    pub(super) profile: Profile,
    /// Seconds since 1970. Default: now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) created_at: Option<i64>,
    #[serde(default)]
    pub(super) credentials: Vec<CredentialLine>,
}

/// A passkey: a credential record (WebAuthn 4) with further members.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CredentialLine {
    pub(super) id: Base64Bytes,
    /// A COSE key.
    pub(super) public_key: Base64Bytes,
    #[serde(default)]
    pub(super) sign_count: u32,
    #[serde(default)]
    pub(super) transports: Vec<String>,
    #[serde(default)]
    pub(super) uv_initialized: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) backup_eligible: Option<bool>,
    #[serde(default)]
    pub(super) backup_state: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rp_id: Option<String>,
    /// A UUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aaguid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// The text that names the credential. Default: a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) handle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) created_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_used_at: Option<i64>,
    /// The user handle it was created with, if it is not the user's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_handle: Option<Base64Bytes>,
    /// Whether its key was computed from signatures. Then its user handle may be unknown.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) learned: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands the member over by reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// Why a line is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadUser {
    #[error("too long")]
    TooLong,
    #[error("not JSON, at column {0}")]
    Json(usize),
    #[error("{0}, at column {1}")]
    Shape(String, usize),
    #[error("{0}")]
    Member(&'static str),
    #[error("{0} is taken")]
    Taken(&'static str),
    #[error("the directory failed")]
    Directory(#[source] StoreError),
}

impl From<StoreError> for BadUser {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(what) => Self::Taken(what),
            StoreError::Unreadable(_) | StoreError::Cryptography | StoreError::Sqlite(_) => Self::Directory(error),
        }
    }
}

impl UserLine {
    pub(crate) fn parse(text: &[u8]) -> Result<Self, BadUser> {
        serde_json::from_slice(text).map_err(|error| match error.classify() {
            Category::Data => BadUser::Shape(shape_problem(&error), error.column()),
            Category::Syntax | Category::Eof | Category::Io => BadUser::Json(error.column()),
        })
    }

    /// The line, with its line feed.
    pub(crate) fn text(&self) -> Result<String, StoreError> {
        let json = serde_json::to_string(self).map_err(|_| StoreError::Unreadable("user"))?;
        Ok(json + "\n")
    }

    pub(crate) fn from_rows(user: User, credentials: Vec<Credential>) -> Self {
        Self {
            id: user.id,
            handle: Some(Base64Bytes(user.handle)),
            email: user.email,
            name: user.name,
            display_name: user.display_name,
            profile: user.profile,
            created_at: Some(user.created_at),
            credentials: credentials.into_iter().map(CredentialLine::from_row).collect(),
        }
    }

    /// The rows to store.
    pub(crate) fn into_rows(self, rp_id: &str, now: i64) -> Result<(User, Vec<Credential>), BadUser> {
        if !(1..=255).contains(&self.id.chars().count()) {
            return Err(BadUser::Member("id must have 1 to 255 characters"));
        }
        if self.email.as_ref().is_some_and(|email| !is_email(email)) {
            return Err(BadUser::Member("email is not an e-mail address"));
        }
        let handle = match self.handle {
            Some(Base64Bytes(handle)) => handle,
            // No authenticator keeps it, because every passkey has a handle of its own.
            None if self.credentials.iter().all(|credential| credential.user_handle.is_some()) => {
                random::bytes::<MAX_HANDLE>()?.into()
            }
            None => return Err(BadUser::Member("handle is missing; the user's passkeys return it at a sign-in")),
        };
        if !(1..=MAX_HANDLE).contains(&handle.len()) {
            return Err(BadUser::Member("handle must have 1 to 64 bytes"));
        }
        let row = |line: CredentialLine| line.into_row(&self.id, rp_id, now);
        let credentials = self.credentials.into_iter().map(row).collect::<Result<_, _>>()?;
        let user = User {
            id: self.id,
            handle,
            email: self.email,
            name: self.name,
            display_name: self.display_name,
            profile: self.profile,
            created_at: self.created_at.unwrap_or(now),
        };
        Ok((user, credentials))
    }
}

impl CredentialLine {
    fn from_row(row: Credential) -> Self {
        let aaguid = row.aaguid.and_then(|aaguid| Uuid::from_slice(&aaguid).ok());
        Self {
            id: Base64Bytes(row.id),
            public_key: Base64Bytes(row.public_key),
            sign_count: row.sign_count,
            transports: row.transports,
            uv_initialized: row.uv_initialized,
            backup_eligible: row.backup_eligible,
            backup_state: row.backup_state,
            rp_id: Some(row.rp_id),
            aaguid: aaguid.map(|aaguid| aaguid.to_string()),
            name: row.name,
            handle: Some(row.handle),
            created_at: Some(row.created_at),
            last_used_at: row.last_used_at,
            user_handle: row.user_handle.map(Base64Bytes),
            learned: row.learned,
        }
    }

    fn into_row(self, user_id: &str, rp_id: &str, now: i64) -> Result<Credential, BadUser> {
        if !(1..=MAX_CREDENTIAL_ID).contains(&self.id.0.len()) {
            return Err(BadUser::Member("credentials: id must have 1 to 1023 bytes"));
        }
        if CoseKey::parse(&self.public_key.0).is_err() {
            return Err(BadUser::Member("credentials: public_key is not a COSE key with a supported algorithm"));
        }
        if self.handle.as_ref().is_some_and(|handle| !(1..=255).contains(&handle.chars().count())) {
            return Err(BadUser::Member("credentials: handle must have 1 to 255 characters"));
        }
        if self.user_handle.as_ref().is_some_and(|handle| !(1..=MAX_HANDLE).contains(&handle.0.len())) {
            return Err(BadUser::Member("credentials: user_handle must have 1 to 64 bytes"));
        }
        let aaguid = self.aaguid.map(|text| Uuid::parse_str(&text)).transpose();
        let aaguid = aaguid.map_err(|_| BadUser::Member("credentials: aaguid is not a UUID"))?;
        Ok(Credential {
            serial: 0,
            id: self.id.0,
            user_id: user_id.to_owned(),
            handle: self.handle.unwrap_or_else(|| random::identifier("credential_")),
            rp_id: self.rp_id.unwrap_or_else(|| rp_id.to_owned()),
            public_key: self.public_key.0,
            sign_count: self.sign_count,
            transports: self.transports,
            uv_initialized: self.uv_initialized,
            backup_eligible: self.backup_eligible,
            backup_state: self.backup_state,
            aaguid: aaguid.map(|aaguid| aaguid.into_bytes().to_vec()),
            name: self.name,
            created_at: self.created_at.unwrap_or(now),
            last_used_at: self.last_used_at,
            user_handle: self.user_handle.map(|Base64Bytes(handle)| handle),
            learned: self.learned,
        })
    }
}

/// The library's text if it only names members; other texts may repeat values.
pub(super) fn shape_problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let text = text.split(", expected").next().unwrap_or_default();
    let names_only = ["missing field", "unknown field", "duplicate field"].iter().any(|start| text.starts_with(start));
    if names_only { text.to_owned() } else { "a member has the wrong type".to_owned() }
}
