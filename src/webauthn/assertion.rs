//! Verifying an authentication assertion: section 7.2.
//!
//! Steps 1 to 4 happen in the client. The caller takes the challenge of step 11 out of its store, once, and finds the
//! credential record of step 6 by its id; that both belong together is verified here. Step 23 is ours to skip: no
//! extension is requested, and unsolicited outputs are ignored. What step 24 stores is
//! [`CredentialRecord::update`].

use aws_lc_rs::digest::{SHA256, digest};

use crate::webauthn::authenticator_data::AuthenticatorData;
use crate::webauthn::client_data::ClientData;
use crate::webauthn::credential_record::CredentialRecord;
use crate::webauthn::policy::{Ceremony, CeremonyPolicy};
use crate::webauthn::refusal::Refusal;

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
    /// `response.userHandle`; absent where the authenticator keeps none.
    pub user_handle: Option<&'a [u8]>,
}

/// What is expected of an assertion.
#[derive(Debug, Clone, Copy)]
pub struct AssertionPolicy<'a> {
    /// What is expected of any ceremony.
    pub ceremony: CeremonyPolicy<'a>,
    /// The ids in `allowCredentials`; empty where the request listed none.
    pub allowed: &'a [Vec<u8>],
    /// The user handle of the account that was identified before the ceremony began, if one was.
    pub user_handle: Option<&'a [u8]>,
}

/// What a valid assertion says.
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
    /// The first step that refuses.
    pub fn verify(
        &self,
        policy: &AssertionPolicy<'_>,
        record: &CredentialRecord,
    ) -> Result<VerifiedAssertion, Refusal> {
        // step 5
        if !policy.allowed.is_empty() && !policy.allowed.iter().any(|id| id == self.credential_id) {
            return Err(Refusal::CredentialNotAllowed);
        }
        // step 6
        self.check_account(policy, record)?;
        // steps 7 to 9
        let client_data = ClientData::parse(self.client_data_json)?;
        // steps 10 to 14
        policy.ceremony.check_client_data(Ceremony::Authentication, &client_data)?;
        // step 7
        let data = AuthenticatorData::parse(self.authenticator_data)?;
        if data.attested_credential.is_some() {
            return Err(Refusal::AttestedCredentialUnexpected);
        }
        // steps 15 to 18
        policy.ceremony.check_authenticator_data(&data, true)?;
        // step 20
        let hash = digest(&SHA256, self.client_data_json);
        // step 21, begun here: whoever measures how long a refusal takes shall not learn what is recorded
        let signed = [self.authenticator_data, hash.as_ref()].concat();
        let holds = record.public_key.verifies(&signed, self.signature);
        // step 19
        if record.backup_eligible.is_some_and(|eligible| eligible != data.flags.backup_eligible()) {
            return Err(Refusal::BackupEligibilityChanged);
        }
        // step 21
        if !holds {
            return Err(Refusal::SignatureInvalid);
        }
        // step 22, which leaves it to the relying party what a counter that stands still means: here a refusal
        let counts = data.sign_count != 0 || record.sign_count != 0;
        if counts && data.sign_count <= record.sign_count {
            return Err(Refusal::SignCountNotIncreased);
        }
        Ok(VerifiedAssertion {
            sign_count: data.sign_count,
            user_verified: data.flags.user_verified(),
            backup_eligible: data.flags.backup_eligible(),
            backup_state: data.flags.backup_state(),
        })
    }

    /// Step 6: the record is the credential's, and the account is that of both the record and the response.
    fn check_account(&self, policy: &AssertionPolicy<'_>, record: &CredentialRecord) -> Result<(), Refusal> {
        if record.id != self.credential_id {
            return Err(Refusal::CredentialMismatch);
        }
        let account = match (policy.user_handle, self.user_handle) {
            // identified before: the response may leave the user handle out, but may not name another user
            (Some(identified), None) => identified,
            (Some(identified), Some(named)) if named == identified => identified,
            (Some(_), Some(_)) => return Err(Refusal::UserHandleMismatch),
            // not identified before: the response has to name the user
            (None, Some(named)) => named,
            (None, None) => return Err(Refusal::UserHandleMissing),
        };
        if record.user_handle != account {
            return Err(Refusal::UserHandleMismatch);
        }
        Ok(())
    }
}
