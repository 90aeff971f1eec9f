//! A passkey as the file keeps it.

use aws_lc_rs::digest::{SHA256, digest};

use crate::webauthn::cose_key::CoseKey;

/// The longest user handle (WebAuthn 5.4.3), in bytes.
pub(crate) const MAX_HANDLE: usize = 64;
/// The longest credential id (WebAuthn 4), in bytes.
pub(crate) const MAX_CREDENTIAL_ID: usize = 1023;

/// What is known of a passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Passkey {
    /// Which claim of the id it is.
    pub(crate) serial: i64,
    /// The handle that the upstream knows its user by.
    pub(crate) upstream_handle: Vec<u8>,
    /// The handle that the authenticator has, where that is known.
    pub(crate) caller_handle: Option<Vec<u8>>,
    /// What the upstream calls it, where that is known.
    pub(crate) name: Option<String>,
    /// Whether the upstream may never have heard of it.
    pub(crate) is_pending: bool,
    /// Of a pending one, its COSE key, where it is one that we can verify with.
    pub(crate) pending_key: Option<Vec<u8>>,
}

/// A passkey that the upstream is about to be told of.
#[derive(Clone, Debug)]
pub(crate) struct NewPasskey {
    pub(crate) credential_id: Vec<u8>,
    pub(crate) upstream_handle: Vec<u8>,
    pub(crate) caller_handle: Option<Vec<u8>>,
    pub(crate) rp_id: String,
    pub(crate) transports: Vec<String>,
    /// Its COSE key, where it is one that we can verify with.
    pub(crate) key: Option<Vec<u8>>,
}

/// What an authenticator signed, to tell whose signature it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signed {
    pub(crate) authenticator_data: Vec<u8>,
    pub(crate) client_data_json: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl Passkey {
    /// Whether a sign-in with this id is one with this passkey. Of a passkey that the upstream is known to have,
    /// the id says so; a pending one may be a claim to somebody else's id, so its key must have signed.
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
