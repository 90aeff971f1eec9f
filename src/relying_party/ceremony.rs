//! Helpers shared by the three kinds of ceremony.

use std::borrow::Cow;

use crate::model::assertion::Descriptor;
use crate::model::fault::{Fault, Refusal};
use crate::model::user_verification::UserVerification;
use crate::relying_party::config::RelyingPartyConfig;
use crate::relying_party::directory::credential::Credential;
use crate::relying_party::pending::{Base64Bytes, Terms};
use crate::relying_party::random;

/// In bytes. WebAuthn 13.4.3 requires at least 16.
const CHALLENGE_LENGTH: usize = 32;

/// The terms of a new ceremony.
pub(crate) fn new_terms(user_verification: UserVerification) -> Result<Terms, Refusal> {
    Ok(Terms { challenge: Base64Bytes(random::bytes::<CHALLENGE_LENGTH>()?.into()), user_verification })
}

/// The only domain is the config's; a request may name it.
pub(crate) fn check_rp_id(rp_id: Option<&str>, config: &RelyingPartyConfig) -> Result<(), Refusal> {
    match rp_id {
        Some(rp_id) if rp_id != config.rp_id => {
            Err(Refusal::with_public_message(Fault::InvalidRequest, "The domain is not served here."))
        }
        Some(_) | None => Ok(()),
    }
}

/// A credential in an allow or exclude list.
pub(crate) fn descriptor(credential: &Credential) -> Descriptor<'static> {
    Descriptor {
        id: Some(credential.id.clone().into()),
        r#type: Some("public-key".into()),
        transports: credential.transports.iter().cloned().map(Cow::Owned).collect(),
    }
}

/// A required member of a finish.
pub(crate) fn required(member: Option<&Cow<'_, [u8]>>, name: &'static str) -> Result<Vec<u8>, Refusal> {
    member
        .map(|bytes| bytes.to_vec())
        .ok_or_else(|| Refusal::with_public_message(Fault::InvalidRequest, format!("{name} is missing.")))
}

pub(crate) fn rejected(reason: &'static str) -> Refusal {
    Refusal::new(Fault::AssertionRejected, reason)
}

pub(crate) fn forbidden(reason: &'static str) -> Refusal {
    Refusal::new(Fault::Forbidden, reason)
}
