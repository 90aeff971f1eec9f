//! Creating a passkey, at a registration or a signup.

use std::borrow::Cow;

use crate::model::fault::{Fault, Refusal};
use crate::model::registration::{Algorithm, AttestationResponse, CredentialCreation};
use crate::relying_party::ceremony::{descriptor, required};
use crate::relying_party::config::RelyingPartyConfig;
use crate::relying_party::directory::credential::Credential;
use crate::relying_party::directory::user::User;
use crate::relying_party::pending::{Pending, Terms};
use crate::relying_party::random;
use crate::relying_party::verification;
use crate::webauthn::algorithm::Algorithm as Offered;
use crate::webauthn::registration::Registration;

/// In characters.
const MAX_NAME: usize = 255;

/// WebAuthn defines seven transports.
const MAX_TRANSPORTS: usize = 16;
/// In bytes.
const MAX_TRANSPORT_LENGTH: usize = 64;

/// The options for a new credential of `user`.
///
/// A discoverable credential is required because several dialects begin a sign-in without a user.
pub(crate) fn options(
    config: &RelyingPartyConfig,
    user: &User,
    pending: &Pending,
    existing: &[Credential],
    attachment: Option<String>,
) -> Result<CredentialCreation<'static>, Refusal> {
    let terms = pending.terms();
    let algorithm = |offered: Offered| Algorithm { r#type: Some("public-key".into()), alg: Some(offered.identifier()) };
    Ok(CredentialCreation {
        challenge: Some(terms.challenge.0.clone().into()),
        timeout: Some(config.timeout_ms),
        rp_id: Some(config.rp_id.clone().into()),
        rp_name: Some(config.rp_name.clone().into()),
        user_handle: Some(user.handle.clone().into()),
        user_name: Some(user.account_name().to_owned().into()),
        user_display_name: Some(user.display_name().to_owned().into()),
        attachment: attachment.map(Cow::Owned),
        resident_key: Some("required".into()),
        require_resident_key: Some(true),
        user_verification: Some(terms.user_verification.name().into()),
        attestation: Some("none".into()),
        session: Some(pending.text()?.into()),
        user_id: Some(user.id.clone().into()),
        algorithms: Offered::ALL.map(algorithm).into(),
        exclude_credentials: existing.iter().map(descriptor).collect(),
        ..CredentialCreation::default()
    })
}

/// The authenticator attachment that the caller requests (WebAuthn 5.4.5).
pub(crate) fn attachment(attachment: Option<&str>) -> Result<Option<String>, Refusal> {
    match attachment {
        None | Some("platform" | "cross-platform") => Ok(attachment.map(str::to_owned)),
        Some(_) => Err(Refusal::with_public_message(
            Fault::InvalidRequest,
            "The attachment must be platform or cross-platform.",
        )),
    }
}

/// The authenticator's response, and the client's additional data.
#[derive(Debug)]
pub(crate) struct NewCredential {
    credential_id: Vec<u8>,
    client_data_json: Vec<u8>,
    attestation_object: Vec<u8>,
    transports: Vec<String>,
    name: Option<String>,
}

impl NewCredential {
    pub(crate) fn read(request: &AttestationResponse<'_>) -> Result<Self, Refusal> {
        let invalid = |message| Err(Refusal::with_public_message(Fault::InvalidRequest, message));
        let transports = &request.credential_transports;
        if transports.len() > MAX_TRANSPORTS
            || transports.iter().any(|transport| transport.len() > MAX_TRANSPORT_LENGTH)
        {
            return invalid("There are too many transports, or one is too long.");
        }
        if request.credential_name.as_ref().is_some_and(|name| name.chars().count() > MAX_NAME) {
            return invalid("The passkey's name is too long.");
        }
        Ok(Self {
            credential_id: required(request.credential_id.as_ref(), "credential.id")?,
            client_data_json: required(request.credential_client_data_json.as_ref(), "credential.client_data_json")?,
            attestation_object: required(
                request.credential_attestation_object.as_ref(),
                "credential.attestation_object",
            )?,
            transports: transports.iter().map(|transport| transport.clone().into_owned()).collect(),
            name: request.credential_name.as_deref().map(str::to_owned),
        })
    }

    /// Verifies it, and returns the credential to store.
    pub(crate) fn verify(
        &self,
        terms: &Terms,
        user: &User,
        config: &RelyingPartyConfig,
        now: i64,
    ) -> Result<Credential, Refusal> {
        let registration = Registration {
            credential_id: &self.credential_id,
            client_data_json: &self.client_data_json,
            attestation_object: &self.attestation_object,
        };
        let verified = verification::registration(&registration, terms, &user.handle, config)?;
        Ok(Credential {
            serial: 0,
            id: verified.record.id,
            user_id: user.id.clone(),
            handle: random::identifier("credential_"),
            rp_id: config.rp_id.clone(),
            public_key: verified.record.public_key.as_bytes().to_vec(),
            sign_count: verified.record.sign_count,
            transports: self.transports.clone(),
            uv_initialized: verified.record.uv_initialized,
            backup_eligible: verified.record.backup_eligible,
            backup_state: verified.record.backup_state,
            aaguid: Some(verified.aaguid.to_vec()),
            name: self.name.clone(),
            created_at: now,
            last_used_at: None,
            user_handle: None,
            learned: false,
        })
    }
}
