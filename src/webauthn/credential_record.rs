//! A credential record (section 4), with the members that verification needs.

use crate::webauthn::cose_key::CoseKey;

/// A registered credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRecord {
    /// The credential id, 1 to 1023 bytes.
    pub id: Vec<u8>,
    /// The credential public key.
    pub public_key: CoseKey,
    /// The last signature counter; zero for authenticators without one.
    pub sign_count: u32,
    /// Whether the user was verified at the registration, or later with another factor.
    pub uv_initialized: bool,
    /// The BE flag, which never changes. `None` only for an imported record without it, until the first verified
    /// assertion.
    pub backup_eligible: Option<bool>,
    /// The last BS flag.
    pub backup_state: bool,
    /// The user handle of the account that the credential belongs to.
    pub user_handle: Vec<u8>,
}
