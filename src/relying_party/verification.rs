//! From the directory's rows and the canonical messages to the verdict of `webauthn`, and back.
//!
//! A challenge that is not the ceremony's is `challenge_expired`; whatever else fails is
//! `assertion_rejected`, and only the log learns which step it was.

use crate::model::fault::{Fault, Refusal};
use crate::model::user_verification::UserVerification;
use crate::relying_party::config::RelyingPartyConfig;
use crate::relying_party::directory::credential::{Credential, Use};
use crate::relying_party::directory::user::User;
use crate::relying_party::pending::Terms;
use crate::storage::error::StoreError;
use crate::webauthn::algorithm::Algorithm;
use crate::webauthn::assertion::{Assertion, AssertionPolicy};
use crate::webauthn::cose_key::CoseKey;
use crate::webauthn::credential_record::CredentialRecord;
use crate::webauthn::policy::{CeremonyPolicy, CrossOrigin};
use crate::webauthn::refusal::Refusal as Step;
use crate::webauthn::registration::{Registration, RegistrationPolicy, VerifiedRegistration};

/// Verifies an assertion by a credential of `user`. `named` says whether the ceremony was begun for
/// that user; where it was not, the authenticator must have named it.
pub(crate) fn assertion(
    assertion: &Assertion<'_>,
    terms: &Terms,
    named: bool,
    credential: &Credential,
    user: &User,
    party: &RelyingPartyConfig,
) -> Result<Use, Refusal> {
    let handle = handle(assertion, credential, user);
    let policy = AssertionPolicy {
        ceremony: ceremony(terms, party),
        // The one credential there is to choose from: that it was on the list is known by its serial.
        allowed: std::slice::from_ref(&credential.id),
        user_handle: named.then_some(handle),
    };
    let verified = assertion.verify(&policy, &record(credential, handle)?).map_err(refusal)?;
    Ok(Use {
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
    party: &RelyingPartyConfig,
) -> Result<VerifiedRegistration, Refusal> {
    let policy = RegistrationPolicy {
        ceremony: ceremony(terms, party),
        algorithms: &Algorithm::ALL,
        conditional_mediation: false,
        user_handle,
    };
    registration.verify(&policy).map_err(refusal)
}

fn ceremony<'a>(terms: &'a Terms, party: &'a RelyingPartyConfig) -> CeremonyPolicy<'a> {
    CeremonyPolicy {
        challenge: &terms.challenge.0,
        rp_id: &party.rp_id,
        origins: &party.origins,
        cross_origin: CrossOrigin::Refused,
        user_verification_required: terms.user_verification == UserVerification::Required,
    }
}

/// The handle that an authenticator returns of this account. One of a learned passkey may never have been seen: then
/// there is none to compare with, and it is the key alone that says whose passkey it is.
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

fn refusal(step: Step) -> Refusal {
    let fault = match step {
        Step::ChallengeMismatch => Fault::ChallengeExpired,
        Step::CredentialNotAllowed
        | Step::CredentialMismatch
        | Step::UserHandleMissing
        | Step::UserHandleMismatch
        | Step::ClientData(_)
        | Step::TypeMismatch
        | Step::OriginUnexpected
        | Step::CrossOriginUnexpected
        | Step::TopOriginUnexpected
        | Step::AttestationObject
        | Step::AuthenticatorData(_)
        | Step::RpIdHashMismatch
        | Step::UserNotPresent
        | Step::UserNotVerified
        | Step::BackupStateInconsistent
        | Step::BackupEligibilityChanged
        | Step::AttestedCredentialMissing
        | Step::AlgorithmNotOffered
        | Step::AttestationStatement
        | Step::CredentialIdLength
        | Step::AttestedCredentialUnexpected
        | Step::SignatureInvalid
        | Step::SignCountNotIncreased => Fault::AssertionRejected,
    };
    Refusal::new(fault, step.to_string())
}
