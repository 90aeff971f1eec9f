//! A client and an authenticator of another library.

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::crypto::AvailableBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use passkey::types::webauthn::{CredentialCreationOptions, CredentialRequestOptions};
use serde_json::{Value, json};
use url::Url;

use crate::model::assertion::{AssertionResponse, CredentialAssertion, Descriptor};
use crate::model::registration::{AttestationResponse, CredentialCreation};

/// A user who is present and verified.
struct Willing;

#[async_trait]
impl UserValidationMethod for Willing {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence, verification })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

/// A device that holds one passkey and counts its signatures.
#[derive(Default)]
pub(crate) struct Device {
    passkey: Option<Passkey>,
}

impl Device {
    fn authenticator(&self) -> Authenticator<Option<Passkey>, Willing, AvailableBackend> {
        let mut authenticator =
            Authenticator::new(Aaguid::new_empty(), self.passkey.clone(), Willing, AvailableBackend);
        authenticator.set_make_credentials_with_signature_counter(true);
        authenticator
    }

    /// Creates a passkey according to the options.
    pub(crate) async fn create(&mut self, options: &CredentialCreation<'_>) -> AttestationResponse<'static> {
        let algorithms = options.algorithms.iter().map(|offered| json!({"type": offered.r#type, "alg": offered.alg}));
        let options: CredentialCreationOptions = serde_json::from_value(json!({ "publicKey": {
            "rp": { "id": options.rp_id, "name": options.rp_name },
            "user": {
                "id": options.user_handle.as_ref().map(|bytes| URL_SAFE_NO_PAD.encode(bytes)),
                "name": options.user_name,
                "displayName": options.user_display_name,
            },
            "challenge": options.challenge.as_ref().map(|bytes| URL_SAFE_NO_PAD.encode(bytes)),
            "pubKeyCredParams": algorithms.collect::<Value>(),
            "excludeCredentials": descriptors(&options.exclude_credentials),
            "authenticatorSelection": {
                "residentKey": options.resident_key,
                "requireResidentKey": options.require_resident_key,
                "userVerification": options.user_verification,
            },
        }}))
        .unwrap();
        let mut client = Client::new(self.authenticator()).allows_insecure_localhost(true);
        let made = client.register(&origin(), options, DefaultClientData).await.unwrap();
        self.passkey.clone_from(client.authenticator().store());
        AttestationResponse {
            credential_id: Some(made.raw_id.to_vec().into()),
            credential_client_data_json: Some(made.response.client_data_json.to_vec().into()),
            credential_attestation_object: Some(made.response.attestation_object.to_vec().into()),
            credential_transports: vec!["internal".into()],
            ..AttestationResponse::default()
        }
    }

    /// Signs according to the options.
    pub(crate) async fn get(&mut self, options: &CredentialAssertion<'_>) -> AssertionResponse<'static> {
        let mut public_key = json!({
            "challenge": options.challenge.as_ref().map(|bytes| URL_SAFE_NO_PAD.encode(bytes)),
            "rpId": options.rp_id,
            "userVerification": options.user_verification,
        });
        if !options.allow_credentials.is_empty() {
            public_key["allowCredentials"] = descriptors(&options.allow_credentials);
        }
        let options: CredentialRequestOptions = serde_json::from_value(json!({ "publicKey": public_key })).unwrap();
        let mut client = Client::new(self.authenticator()).allows_insecure_localhost(true);
        let signed = client.authenticate(&origin(), options, DefaultClientData).await.unwrap();
        self.passkey.clone_from(client.authenticator().store());
        AssertionResponse {
            credential_id: Some(signed.raw_id.to_vec().into()),
            credential_client_data_json: Some(signed.response.client_data_json.to_vec().into()),
            credential_authenticator_data: Some(signed.response.authenticator_data.to_vec().into()),
            credential_signature: Some(signed.response.signature.to_vec().into()),
            credential_user_handle: signed.response.user_handle.map(|handle| handle.to_vec().into()),
            ..AssertionResponse::default()
        }
    }
}

fn origin() -> Url {
    Url::parse("http://localhost:8080").unwrap()
}

fn descriptors(list: &[Descriptor<'_>]) -> Value {
    let descriptor = |descriptor: &Descriptor<'_>| {
        let id = descriptor.id.as_ref().map(|id| URL_SAFE_NO_PAD.encode(id));
        json!({ "type": descriptor.r#type, "id": id })
    };
    list.iter().map(descriptor).collect()
}
