//! The challenge inside the client data that every finish carries (WebAuthn 5.8.1).
//!
//! Only the challenge is read here; the party that verifies the assertion checks the rest.

use serde::Deserialize;

use crate::base::base64;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::Value;
use crate::webauthn::registration::has_user_verified;

#[derive(Deserialize)]
struct ClientData<'a> {
    #[serde(borrow)]
    challenge: std::borrow::Cow<'a, str>,
}

/// Whether the authenticator verified the user (WebAuthn 6.1, flag UV): in the authenticator data, or at a registration
/// in the attestation object.
pub fn user_was_verified(record: &dyn Record<'_>) -> bool {
    match record.value(Member::CredentialAuthenticatorData) {
        Some(Value::Bytes(data)) => data.get(32).is_some_and(|flags| flags & 0x04 != 0),
        _ => match record.value(Member::CredentialAttestationObject) {
            Some(Value::Bytes(object)) => has_user_verified(&object),
            _ => false,
        },
    }
}

/// The challenge of a finish whose credential is a public key.
///
/// # Errors
/// `invalid_request` if there is none, or the credential is of another type.
pub fn challenge_of_finish(record: &dyn Record<'_>) -> Result<Vec<u8>, Refusal> {
    match record.value(Member::CredentialType) {
        Some(Value::Text(kind)) if kind != "public-key" => {
            Err(Refusal::with_public_message(Fault::InvalidRequest, "The credential's type must be `public-key`."))
        }
        _ => challenge(record),
    }
}

/// The challenge inside a finish's client data.
///
/// # Errors
/// `invalid_request` if there is none.
pub fn challenge(record: &dyn Record<'_>) -> Result<Vec<u8>, Refusal> {
    let broken = || Refusal::with_public_message(Fault::InvalidRequest, "The client data has no readable challenge.");
    let Some(Value::Bytes(json)) = record.value(Member::CredentialClientDataJson) else { return Err(broken()) };
    let data: ClientData<'_> = serde_json::from_slice(&json).map_err(|_| broken())?;
    match base64::read(&data.challenge) {
        Ok(challenge) if !challenge.is_empty() => Ok(challenge),
        _ => Err(broken()),
    }
}
