//! An assertion that another relying party has verified.
//!
//! Runs the steps of section 7.2 that need no key, so that nothing is learned from an assertion that this relying party
//! would refuse with any key. The caller checks the challenge.

use aws_lc_rs::digest::{SHA256, digest};

use crate::webauthn::assertion::Assertion;
use crate::webauthn::authenticator_data::AuthenticatorData;
use crate::webauthn::client_data::ClientData;
use crate::webauthn::error::VerificationError;
use crate::webauthn::policy::{CeremonyPolicy, CeremonyType, CrossOrigin};

/// In bytes (section 4).
const MAX_CREDENTIAL_ID: usize = 1023;

/// An assertion for this relying party that another one verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The signed bytes: the authenticator data and the hash of the client data.
    pub signed: Vec<u8>,
    /// The signature counter.
    pub sign_count: u32,
    /// Whether the user was verified.
    pub user_verified: bool,
    /// Whether the credential may be backed up.
    pub backup_eligible: bool,
    /// Whether the credential is backed up now.
    pub backup_state: bool,
}

impl Observed {
    /// Runs the steps 7 to 16 and 18 of section 7.2.
    ///
    /// # Errors
    /// The first step that fails.
    pub fn read(assertion: &Assertion<'_>, rp_id: &str, origins: &[String]) -> Result<Self, VerificationError> {
        if !(1..=MAX_CREDENTIAL_ID).contains(&assertion.credential_id.len()) {
            return Err(VerificationError::CredentialIdLength);
        }
        // steps 7 to 9
        let client_data = ClientData::parse(assertion.client_data_json)?;
        let policy = CeremonyPolicy {
            challenge: &client_data.challenge,
            rp_id,
            origins,
            cross_origin: CrossOrigin::Refused,
            user_verification_required: false,
        };
        // steps 10 to 14; step 11 always succeeds
        policy.check_client_data(CeremonyType::Authentication, &client_data)?;
        let data = AuthenticatorData::parse(assertion.authenticator_data)?;
        if data.attested_credential.is_some() {
            return Err(VerificationError::AttestedCredentialUnexpected);
        }
        // steps 15 to 18
        policy.check_authenticator_data(&data, true)?;
        // step 20
        let hash = digest(&SHA256, assertion.client_data_json);
        Ok(Self {
            signed: [assertion.authenticator_data, hash.as_ref()].concat(),
            sign_count: data.sign_count,
            user_verified: data.flags.user_verified(),
            backup_eligible: data.flags.backup_eligible(),
            backup_state: data.flags.backup_state(),
        })
    }
}
