//! An accepted sign-in at an upstream, from which the embedded relying party learns.

use crate::webauthn::assertion::Assertion;

/// A sign-in that another upstream accepted.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// The user's id, as answered to the caller.
    pub user_id: Option<String>,
    /// The user's address, as sent to or answered by the upstream.
    pub email: Option<String>,
    /// The credential id.
    pub credential_id: Vec<u8>,
    /// The upstream's own name of the credential.
    pub handle: Option<String>,
    /// `clientDataJSON`.
    pub client_data_json: Vec<u8>,
    /// The authenticator data.
    pub authenticator_data: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
    /// The user handle, if the authenticator returned one.
    pub user_handle: Option<Vec<u8>>,
}

/// The use of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Unknown passkeys are learned, known ones are verified.
    Learn,
    /// Known passkeys are verified. No user and no passkey is added or removed.
    Verify,
}

impl Observation {
    pub(super) fn assertion(&self) -> Assertion<'_> {
        Assertion {
            credential_id: &self.credential_id,
            client_data_json: &self.client_data_json,
            authenticator_data: &self.authenticator_data,
            signature: &self.signature,
            user_handle: self.user_handle.as_deref(),
        }
    }
}
