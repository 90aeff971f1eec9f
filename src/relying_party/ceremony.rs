//! What the three kinds of ceremony have in common.

use std::borrow::Cow;

use crate::model::assertion::Descriptor;
use crate::model::fault::{Fault, Refusal};
use crate::model::user_verification::UserVerification;
use crate::relying_party::config::RelyingPartyConfig;
use crate::relying_party::directory::credential::Credential;
use crate::relying_party::pending::{Bytes, Terms};
use crate::relying_party::random;

/// How long a challenge is, in bytes (WebAuthn 13.4.3 asks for 16 at least).
const CHALLENGE: usize = 32;

/// What a ceremony that begins now is held against at its finish.
pub(crate) fn new_terms(user_verification: UserVerification) -> Result<Terms, Refusal> {
    Ok(Terms { challenge: Bytes(random::bytes::<CHALLENGE>()?.into()), user_verification })
}

/// A caller may say which domain it is for; there is only one.
pub(crate) fn check_rp_id(asked: Option<&str>, party: &RelyingPartyConfig) -> Result<(), Refusal> {
    match asked {
        Some(asked) if asked != party.rp_id => {
            Err(Refusal::with_public_message(Fault::InvalidRequest, "The domain is not one this service serves."))
        }
        Some(_) | None => Ok(()),
    }
}

/// A credential as an allow or exclude list names it.
pub(crate) fn descriptor(credential: &Credential) -> Descriptor<'static> {
    Descriptor {
        id: Some(credential.id.clone().into()),
        r#type: Some("public-key".into()),
        transports: credential.transports.iter().cloned().map(Cow::Owned).collect(),
    }
}

/// A member that a finish cannot do without.
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
