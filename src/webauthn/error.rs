//! Why a ceremony fails: one variant for each step.
//!
//! The text names the step and never a value, so that it can be logged. `source()` has the parse error. Do not return
//! the step to the client: it helps an attacker.

use thiserror::Error;

use crate::webauthn::authenticator_data::InvalidAuthenticatorData;
use crate::webauthn::client_data::InvalidClientData;

/// The failed step of a registration (section 7.1) or an assertion (section 7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum VerificationError {
    /// 7.2 step 5: the request listed credentials, but not this one.
    #[error("7.2 step 5: the credential was not among the allowed ones")]
    CredentialNotAllowed,
    /// 7.2 step 6, 7.1 step 27: the credential id is not that of the credential record, or not the attested one.
    #[error("7.1 step 27, 7.2 step 6: the credential id is not the expected one")]
    CredentialMismatch,
    /// 7.2 step 6: no user was identified before the ceremony, and the response names none.
    #[error("7.2 step 6: the user handle is missing")]
    UserHandleMissing,
    /// 7.2 step 6: the credential, or the response, belongs to another user.
    #[error("7.2 step 6: the user handle belongs to another user")]
    UserHandleMismatch,
    /// 7.1 steps 5 and 6, 7.2 steps 8 and 9: the client data do not parse.
    #[error("7.1 step 6, 7.2 step 9: the client data are malformed")]
    ClientData(#[from] InvalidClientData),
    /// 7.1 step 7, 7.2 step 10: the client data are those of the other ceremony.
    #[error("7.1 step 7, 7.2 step 10: the client data type is that of the other ceremony")]
    TypeMismatch,
    /// 7.1 step 8, 7.2 step 11: the challenge is not the issued one.
    #[error("7.1 step 8, 7.2 step 11: the challenge differs")]
    ChallengeMismatch,
    /// 7.1 step 9, 7.2 step 12: the origin is not in the configured list.
    #[error("7.1 step 9, 7.2 step 12: the origin is not expected")]
    OriginUnexpected,
    /// 7.1 step 10, 7.2 step 13: the ceremony ran in a frame of another origin, which the policy refuses.
    #[error("7.1 step 10, 7.2 step 13: cross-origin use is not expected")]
    CrossOriginUnexpected,
    /// 7.1 step 11, 7.2 step 14: the policy does not name the page around the frame.
    #[error("7.1 step 11, 7.2 step 14: the top origin is not expected")]
    TopOriginUnexpected,
    /// 7.1 step 13: the attestation object is not a CBOR map with `fmt`, `attStmt` and `authData`, or is too long.
    #[error("7.1 step 13: the attestation object is malformed")]
    AttestationObject,
    /// 7.1 step 13, 7.2 step 7: the authenticator data do not parse.
    #[error("7.1 step 13, 7.2 step 7: the authenticator data are malformed")]
    AuthenticatorData(#[from] InvalidAuthenticatorData),
    /// 7.1 step 14, 7.2 step 15: the authenticator signed for another RP ID.
    #[error("7.1 step 14, 7.2 step 15: the RP ID hash differs")]
    RpIdHashMismatch,
    /// 7.1 step 15, 7.2 step 16: the UP flag is not set.
    #[error("7.1 step 15, 7.2 step 16: the user was not present")]
    UserNotPresent,
    /// 7.1 step 16, 7.2 step 17: user verification is required and the UV flag is not set.
    #[error("7.1 step 16, 7.2 step 17: the user was not verified")]
    UserNotVerified,
    /// 7.1 step 17, 7.2 step 18: the BS flag is set and the BE flag is not.
    #[error("7.1 step 17, 7.2 step 18: backed up without being eligible for backup")]
    BackupStateInconsistent,
    /// 7.2 step 19: the BE flag is not what it was at registration.
    #[error("7.2 step 19: the backup eligibility has changed")]
    BackupEligibilityChanged,
    /// 7.1 step 20: there is no attested credential whose algorithm could be checked.
    #[error("7.1 step 20: the attested credential data are missing")]
    AttestedCredentialMissing,
    /// 7.1 step 20: the request did not offer the key's algorithm.
    #[error("7.1 step 20: the algorithm was not offered")]
    AlgorithmNotOffered,
    /// 7.1 step 22: the attestation statement of the format `none` is not the empty map that section 8.7 requires.
    #[error("7.1 step 22: the attestation statement of format none is not empty")]
    AttestationStatement,
    /// 7.1 step 25: the credential id is empty or longer than 1023 bytes.
    #[error("7.1 step 25: the credential id is not 1 to 1023 bytes long")]
    CredentialIdLength,
    /// 7.2 step 7: an assertion's authenticator data carry attested credential data, which section 6.3.3 excludes.
    #[error("7.2 step 7: an assertion carries attested credential data")]
    AttestedCredentialUnexpected,
    /// 7.2 step 21: the signature is not the credential's.
    #[error("7.2 step 21: the signature is not valid")]
    SignatureInvalid,
    /// 7.2 step 22: the signature counter did not increase: the authenticator may be a clone.
    #[error("7.2 step 22: the signature counter did not increase")]
    SignCountNotIncreased,
}
