//! A software authenticator and a WebAuthn client, both of the independent crate `passkey`.

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::crypto::AvailableBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use passkey::types::webauthn::{
    AuthenticatedPublicKeyCredential, CreatedPublicKeyCredential, CredentialCreationOptions, CredentialRequestOptions,
};
use serde_json::{Value, json};
use url::Url;

/// An authenticator that holds one passkey, and the browser that uses it on one page.
pub struct Device {
    origin: &'static str,
    rp_id: &'static str,
    counts: bool,
    passkey: Option<Passkey>,
}

/// A user who is present and passes user verification.
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

// ===== impl Device =====

impl Default for Device {
    /// On the page of the other suites.
    fn default() -> Self {
        Self::on("http://localhost:8080", "localhost")
    }
}

impl Device {
    /// A device that uses no signature counter.
    pub fn on(origin: &'static str, rp_id: &'static str) -> Self {
        Self { origin, rp_id, counts: false, passkey: None }
    }

    /// The same with a signature counter.
    pub fn counting(self) -> Self {
        Self { counts: true, ..self }
    }

    /// Creates an ES256 passkey for a user handle and returns the credential as JSON.
    pub async fn create(&mut self, challenge: &[u8], user_handle: &[u8]) -> Value {
        let created = self.register(challenge, user_handle, -7).await;
        let response = json!({
            "clientDataJSON": text(&created.response.client_data_json),
            "attestationObject": text(&created.response.attestation_object),
        });
        credential(&created.raw_id, &response)
    }

    /// Signs in and returns the credential as JSON.
    pub async fn get(&mut self, challenge: &[u8]) -> Value {
        let signed = self.authenticate(challenge).await;
        let response = json!({
            "clientDataJSON": text(&signed.response.client_data_json),
            "authenticatorData": text(&signed.response.authenticator_data),
            "signature": text(&signed.response.signature),
            "userHandle": text(signed.response.user_handle.as_deref().unwrap()),
        });
        credential(&signed.raw_id, &response)
    }

    /// Creates a passkey with a COSE algorithm.
    pub async fn register(
        &mut self,
        challenge: &[u8],
        user_handle: &[u8],
        algorithm: i64,
    ) -> CreatedPublicKeyCredential {
        let options = json!({ "publicKey": {
            "rp": { "id": self.rp_id, "name": "Example" },
            "user": { "id": user_handle, "name": "user", "displayName": "User" },
            "challenge": challenge,
            "pubKeyCredParams": [{ "type": "public-key", "alg": algorithm }],
            "authenticatorSelection": { "residentKey": "required", "userVerification": "required" },
        }});
        let options: CredentialCreationOptions = serde_json::from_value(options).unwrap();
        let mut client = Client::new(self.authenticator()).allows_insecure_localhost(true);
        let created = client.register(&self.page(), options, DefaultClientData).await.unwrap();
        self.passkey.clone_from(client.authenticator().store());
        created
    }

    pub async fn authenticate(&mut self, challenge: &[u8]) -> AuthenticatedPublicKeyCredential {
        let options = json!({ "publicKey": {
            "challenge": challenge, "rpId": self.rp_id, "userVerification": "required",
        }});
        let options: CredentialRequestOptions = serde_json::from_value(options).unwrap();
        let mut client = Client::new(self.authenticator()).allows_insecure_localhost(true);
        let signed = client.authenticate(&self.page(), options, DefaultClientData).await.unwrap();
        self.passkey.clone_from(client.authenticator().store());
        signed
    }

    fn authenticator(&self) -> Authenticator<Option<Passkey>, Willing, AvailableBackend> {
        let passkey = self.passkey.clone();
        let mut authenticator = Authenticator::new(Aaguid::new_empty(), passkey, Willing, AvailableBackend);
        authenticator.set_make_credentials_with_signature_counter(self.counts);
        authenticator
    }

    fn page(&self) -> Url {
        Url::parse(self.origin).unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn credential(id: &[u8], response: &Value) -> Value {
    json!({
        "id": text(id),
        "rawId": text(id),
        "type": "public-key",
        "authenticatorAttachment": "platform",
        "response": response,
        "clientExtensionResults": {},
    })
}
