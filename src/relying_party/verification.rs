//! Verifies assertions and registrations with `webauthn`, for the directory's credentials.
//!
//! A wrong challenge is `challenge_expired`; any other failure is `assertion_rejected`, and only the log names the step.

use crate::model::fault::{Fault, Refusal};
use crate::model::user_verification::UserVerification;
use crate::relying_party::config::RelyingPartyConfig;
use crate::relying_party::directory::credential::{AuthenticatorState, Credential};
use crate::relying_party::directory::user::User;
use crate::relying_party::pending::Terms;
use crate::storage::error::StoreError;
use crate::webauthn::algorithm::Algorithm;
use crate::webauthn::assertion::{Assertion, AssertionPolicy};
use crate::webauthn::cose_key::CoseKey;
use crate::webauthn::credential_record::CredentialRecord;
use crate::webauthn::error::VerificationError;
use crate::webauthn::policy::{CeremonyPolicy, CrossOrigin};
use crate::webauthn::registration::{Registration, RegistrationPolicy, VerifiedRegistration};

/// Verifies an assertion by a credential of `user`. `named` is whether the ceremony was begun for that user; otherwise
/// the authenticator must name the user.
pub(crate) fn assertion(
    assertion: &Assertion<'_>,
    terms: &Terms,
    named: bool,
    credential: &Credential,
    user: &User,
    config: &RelyingPartyConfig,
) -> Result<AuthenticatorState, Refusal> {
    let handle = handle(assertion, credential, user);
    let policy = AssertionPolicy {
        ceremony: ceremony(terms, config),
        // The caller checked by serial number that it was on the allow list.
        allowed: std::slice::from_ref(&credential.id),
        user_handle: named.then_some(handle),
    };
    let verified = assertion.verify(&policy, &record(credential, handle)?).map_err(refusal)?;
    Ok(AuthenticatorState {
        sign_count: verified.sign_count,
        backup_eligible: verified.backup_eligible,
        backup_state: verified.backup_state,
    })
}

/// Verifies a new credential for the account with that user handle.
pub(crate) fn registration(
    registration: &Registration<'_>,
    terms: &Terms,
    user_handle: &[u8],
    config: &RelyingPartyConfig,
) -> Result<VerifiedRegistration, Refusal> {
    let policy = RegistrationPolicy {
        ceremony: ceremony(terms, config),
        algorithms: &Algorithm::ALL,
        conditional_mediation: false,
        user_handle,
    };
    registration.verify(&policy).map_err(refusal)
}

fn ceremony<'a>(terms: &'a Terms, config: &'a RelyingPartyConfig) -> CeremonyPolicy<'a> {
    CeremonyPolicy {
        challenge: &terms.challenge.0,
        rp_id: &config.rp_id,
        origins: &config.origins,
        cross_origin: CrossOrigin::Refused,
        user_verification_required: terms.user_verification == UserVerification::Required,
    }
}

/// The user handle that the credential's authenticator returns. That of a learned passkey may be unknown: then the
/// returned one is accepted, and the key alone identifies the user.
fn handle<'a>(assertion: &Assertion<'a>, credential: &'a Credential, user: &'a User) -> &'a [u8] {
    let returned = assertion.user_handle.filter(|_| credential.learned);
    credential.user_handle.as_deref().or(returned).unwrap_or(&user.handle)
}

fn record(credential: &Credential, user_handle: &[u8]) -> Result<CredentialRecord, StoreError> {
    Ok(CredentialRecord {
        id: credential.id.clone(),
        public_key: CoseKey::parse(&credential.public_key).map_err(|_| StoreError::Unreadable("public key"))?,
        sign_count: credential.sign_count,
        uv_initialized: credential.uv_initialized,
        backup_eligible: credential.backup_eligible,
        backup_state: credential.backup_state,
        user_handle: user_handle.to_vec(),
    })
}

fn refusal(error: VerificationError) -> Refusal {
    let fault = match error {
        VerificationError::ChallengeMismatch => Fault::ChallengeExpired,
        _ => Fault::AssertionRejected,
    };
    Refusal::new(fault, error.to_string())
}
