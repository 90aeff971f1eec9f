//! A passkey in the file.

use aws_lc_rs::digest::{SHA256, digest};

use crate::webauthn::cose_key::CoseKey;

/// In bytes (WebAuthn 5.4.3).
pub(crate) const MAX_HANDLE: usize = 64;
/// In bytes (WebAuthn 4).
pub(crate) const MAX_CREDENTIAL_ID: usize = 1023;

/// A stored passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Passkey {
    /// The claim's serial number.
    pub(crate) serial: i64,
    /// The upstream's handle of the user.
    pub(crate) upstream_handle: Vec<u8>,
    /// The authenticator's user handle, if known.
    pub(crate) caller_handle: Option<Vec<u8>>,
    /// The upstream's name of it, if known.
    pub(crate) name: Option<String>,
    /// Whether its registration at the upstream is not confirmed.
    pub(crate) is_pending: bool,
    /// Its COSE key while it is pending, if the algorithm is supported.
    pub(crate) pending_key: Option<Vec<u8>>,
}

/// A passkey to store.
#[derive(Clone, Debug)]
pub(crate) struct NewPasskey {
    pub(crate) credential_id: Vec<u8>,
    pub(crate) upstream_handle: Vec<u8>,
    pub(crate) caller_handle: Option<Vec<u8>>,
    pub(crate) rp_id: String,
    pub(crate) transports: Vec<String>,
    /// Its COSE key, if the algorithm is supported.
    pub(crate) key: Option<Vec<u8>>,
}

/// The signed parts of an assertion.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signed {
    pub(crate) authenticator_data: Vec<u8>,
    pub(crate) client_data_json: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl Passkey {
    /// Whether a sign-in with this id is by this passkey. The id suffices once the upstream has it. A pending one may
    /// claim another user's id, so its key must verify the signature.
    pub(crate) fn is_of(&self, signed: &Signed) -> bool {
        if !self.is_pending {
            return true;
        }
        let key = self.pending_key.as_deref().and_then(|key| CoseKey::parse(key).ok());
        let hash = digest(&SHA256, &signed.client_data_json);
        let message = [&signed.authenticator_data, hash.as_ref()].concat();
        key.is_some_and(|key| key.verifies(&message, &signed.signature))
    }
}
