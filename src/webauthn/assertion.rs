//! Verifying an authentication assertion: section 7.2.
//!
//! Steps 1 to 4 happen in the client. The caller takes the challenge of step 11 from its store, once, and finds the
//! credential record of step 6 by its id; that both belong together is verified here. Step 23 is skipped: no extension
//! is requested, and unsolicited outputs are ignored. The caller stores [`VerifiedAssertion`] in step 24;
//! `uv_initialized` stays, since raising it requires another authentication factor.

use aws_lc_rs::digest::{SHA256, digest};

use crate::webauthn::authenticator_data::AuthenticatorData;
use crate::webauthn::client_data::ClientData;
use crate::webauthn::credential_record::CredentialRecord;
use crate::webauthn::error::VerificationError;
use crate::webauthn::policy::{CeremonyPolicy, CeremonyType};

/// An `AuthenticatorAssertionResponse` and the id of its credential, decoded.
#[derive(Debug, Clone, Copy)]
pub struct Assertion<'a> {
    /// `rawId`.
    pub credential_id: &'a [u8],
    /// `response.clientDataJSON`, byte for byte as it was signed.
    pub client_data_json: &'a [u8],
    /// `response.authenticatorData`, byte for byte as it was signed.
    pub authenticator_data: &'a [u8],
    /// `response.signature`.
    pub signature: &'a [u8],
    /// `response.userHandle`, if the authenticator returned one.
    pub user_handle: Option<&'a [u8]>,
}

/// The expectations of an assertion.
#[derive(Debug, Clone, Copy)]
pub struct AssertionPolicy<'a> {
    /// The expectations of any ceremony.
    pub ceremony: CeremonyPolicy<'a>,
    /// The ids in `allowCredentials`; empty if the request listed none.
    pub allowed: &'a [Vec<u8>],
    /// The user handle of the account that was identified before the ceremony began, if one was.
    pub user_handle: Option<&'a [u8]>,
}

/// The values of a valid assertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedAssertion {
    /// The signature counter now.
    pub sign_count: u32,
    /// Whether the user was verified.
    pub user_verified: bool,
    /// Whether the credential may be backed up.
    pub backup_eligible: bool,
    /// Whether the credential is backed up now.
    pub backup_state: bool,
}

impl Assertion<'_> {
    /// Runs steps 5 to 22 of section 7.2 against the record of the credential.
    ///
    /// # Errors
    /// The first step that fails.
    pub fn verify(
        &self,
        policy: &AssertionPolicy<'_>,
        record: &CredentialRecord,
    ) -> Result<VerifiedAssertion, VerificationError> {
        // step 5
        if !policy.allowed.is_empty() && !policy.allowed.iter().any(|id| id == self.credential_id) {
            return Err(VerificationError::CredentialNotAllowed);
        }
        // step 6
        self.check_account(policy, record)?;
        // steps 7 to 9
        let client_data = ClientData::parse(self.client_data_json)?;
        // steps 10 to 14
        policy.ceremony.check_client_data(CeremonyType::Authentication, &client_data)?;
        // step 7
        let data = AuthenticatorData::parse(self.authenticator_data)?;
        if data.attested_credential.is_some() {
            return Err(VerificationError::AttestedCredentialUnexpected);
        }
        // steps 15 to 18
        policy.ceremony.check_authenticator_data(&data, true)?;
        // step 20
        let hash = digest(&SHA256, self.client_data_json);
        // step 21, computed before step 19, so that timing does not reveal the record
        let signed = [self.authenticator_data, hash.as_ref()].concat();
        let is_valid = record.public_key.verifies(&signed, self.signature);
        // step 19
        if record.backup_eligible.is_some_and(|eligible| eligible != data.flags.backup_eligible()) {
            return Err(VerificationError::BackupEligibilityChanged);
        }
        // step 21
        if !is_valid {
            return Err(VerificationError::SignatureInvalid);
        }
        // step 22: a counter that does not increase is refused here; the specification leaves that open
        let has_counter = data.sign_count != 0 || record.sign_count != 0;
        if has_counter && data.sign_count <= record.sign_count {
            return Err(VerificationError::SignCountNotIncreased);
        }
        Ok(VerifiedAssertion {
            sign_count: data.sign_count,
            user_verified: data.flags.user_verified(),
            backup_eligible: data.flags.backup_eligible(),
            backup_state: data.flags.backup_state(),
        })
    }

    /// Step 6: the record is the credential's, and the account is that of both the record and the response.
    fn check_account(&self, policy: &AssertionPolicy<'_>, record: &CredentialRecord) -> Result<(), VerificationError> {
        if record.id != self.credential_id {
            return Err(VerificationError::CredentialMismatch);
        }
        let account = match (policy.user_handle, self.user_handle) {
            // identified before: the response may omit the user handle, but must not name another user
            (Some(identified), None) => identified,
            (Some(identified), Some(named)) if named == identified => identified,
            (Some(_), Some(_)) => return Err(VerificationError::UserHandleMismatch),
            // not identified before: the response must name the user
            (None, Some(named)) => named,
            (None, None) => return Err(VerificationError::UserHandleMissing),
        };
        if record.user_handle != account {
            return Err(VerificationError::UserHandleMismatch);
        }
        Ok(())
    }
}
