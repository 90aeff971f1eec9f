//! The challenge inside the client data that every finish carries (WebAuthn 5.8.1).
//!
//! Only the challenge is read here: whether the rest holds, whoever verifies decides.

use serde::Deserialize;

use crate::canonical::fault::{Fault, Refusal};
use crate::canonical::member::Member;
use crate::canonical::record::Record;
use crate::canonical::value::Value;
use crate::template::base64;

#[derive(Deserialize)]
struct ClientData<'a> {
    #[serde(borrow)]
    challenge: std::borrow::Cow<'a, str>,
}

/// The challenge that a finish answers.
///
/// # Errors
/// `invalid_request` where there is none.
pub fn challenge(record: &dyn Record<'_>) -> Result<Vec<u8>, Refusal> {
    let broken = || Refusal::told(Fault::InvalidRequest, "The client data has no readable challenge.");
    let Some(Value::Bytes(json)) = record.value(Member::CredentialClientDataJson) else { return Err(broken()) };
    let data: ClientData<'_> = serde_json::from_slice(&json).map_err(|_| broken())?;
    match base64::read(&data.challenge) {
        Ok(challenge) if !challenge.is_empty() => Ok(challenge),
        _ => Err(broken()),
    }
}
