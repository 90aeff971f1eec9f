//! Whose a passkey is, where the record itself does not say it: members beside the record's own.

use serde::{Deserialize, Serialize};

use crate::import_export::formats::Bad;
use crate::import_export::line::{CredentialLine, UserLine};
use crate::relying_party::pending::Bytes;

/// What stands beside a record that says nothing of its user.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Beside {
    pub(super) user_id: Option<Id>,
    pub(super) user_handle: Option<Bytes>,
    pub(super) email: Option<String>,
    pub(super) rp_id: Option<String>,
}

/// An identifier that may be a number.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Id {
    Text(String),
    Number(i64),
}

impl Id {
    pub(super) fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

impl Beside {
    /// The user, with one passkey.
    pub(super) fn user(self, credential: CredentialLine) -> Result<UserLine, Bad> {
        let id = self
            .user_id
            .ok_or_else(|| Bad::new("user_id", "the record does not say whose it is, nor does a member beside it"))?;
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

/// The same, written.
#[derive(Debug, Serialize)]
pub(super) struct WrittenBeside<'u> {
    pub(super) user_id: &'u str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_handle: Option<&'u Bytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<&'u str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rp_id: Option<&'u str>,
}

impl<'u> WrittenBeside<'u> {
    pub(super) fn of(user: &'u UserLine, passkey: &'u CredentialLine) -> Self {
        Self {
            user_id: &user.id,
            user_handle: passkey.user_handle.as_ref().or(user.handle.as_ref()),
            email: user.email.as_deref(),
            rp_id: passkey.rp_id.as_deref(),
        }
    }
}
