//! The user of a passkey whose record does not name one: members next to the record.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::import_export::formats::{MemberProblem, present};
use crate::import_export::line::{CredentialLine, UserLine};
use crate::relying_party::pending::Base64Bytes;

/// The members next to a record.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Owner {
    pub(super) user_id: Option<OwnerId>,
    pub(super) user_handle: Option<Base64Bytes>,
    pub(super) email: Option<String>,
    pub(super) rp_id: Option<String>,
}

/// An identifier that may be a number.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OwnerId {
    Text(String),
    Number(i64),
}

impl OwnerId {
    pub(super) fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

impl Owner {
    /// The user with one passkey.
    pub(super) fn user(self, credential: CredentialLine) -> Result<UserLine, MemberProblem> {
        let missing = || MemberProblem::new("user_id", "neither the record nor a member next to it names the user");
        let id = self.user_id.ok_or_else(missing)?;
        let credential = CredentialLine { rp_id: credential.rp_id.or(self.rp_id), ..credential };
        Ok(UserLine {
            id: id.text(),
            handle: self.user_handle,
            email: self.email,
            credentials: vec![credential],
            ..UserLine::default()
        })
    }
}

/// The user handle that the passkey returns, if known.
pub(super) fn handle<'u>(user: &'u UserLine, passkey: &'u CredentialLine) -> Option<&'u Base64Bytes> {
    passkey.user_handle.as_ref().or(user.handle.as_ref())
}

/// A record with the members that name its user.
pub(super) fn with_owner(mut record: Value, user: &UserLine, passkey: &CredentialLine) -> Value {
    let handle = handle(user, passkey);
    let owner = json!({"user_id": user.id, "user_handle": handle, "email": user.email, "rp_id": passkey.rp_id});
    if let (Value::Object(record), Value::Object(owner)) = (&mut record, present(owner)) {
        record.extend(owner);
    }
    record
}
