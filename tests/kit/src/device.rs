//! A device with one passkey and a browser on it, both written by others: what it hands over is real.

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::crypto::AvailableBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use serde_json::{Value, json};
use url::Url;

/// The page that the ceremonies run on.
const ORIGIN: &str = "http://localhost:8080";
const RP_ID: &str = "localhost";

/// A device.
#[derive(Default)]
pub struct Device {
    passkey: Option<Passkey>,
}

/// A user who is there and whom the device recognises when it is asked to.
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

impl Device {
    /// Makes a passkey for a user handle, and says of it what a browser says.
    pub async fn create(&mut self, challenge: &[u8], user_handle: &[u8]) -> Value {
        let options = serde_json::from_value(json!({ "publicKey": {
            "rp": { "id": RP_ID, "name": "Example" },
            "user": { "id": user_handle, "name": "user", "displayName": "User" },
            "challenge": challenge,
            "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }],
            "authenticatorSelection": { "residentKey": "required", "userVerification": "required" },
        }}));
        let mut client = Client::new(self.authenticator()).allows_insecure_localhost(true);
        let made = client.register(&origin(), options.unwrap(), DefaultClientData).await.unwrap();
        self.passkey.clone_from(client.authenticator().store());
        let response = json!({
            "clientDataJSON": text(&made.response.client_data_json),
            "attestationObject": text(&made.response.attestation_object),
        });
        credential(&made.raw_id, &response)
    }

    /// Signs in, and says of it what a browser says.
    pub async fn get(&mut self, challenge: &[u8]) -> Value {
        let options = json!({ "publicKey": { "challenge": challenge, "rpId": RP_ID, "userVerification": "required" } });
        let mut client = Client::new(self.authenticator()).allows_insecure_localhost(true);
        let options = serde_json::from_value(options).unwrap();
        let made = client.authenticate(&origin(), options, DefaultClientData).await.unwrap();
        self.passkey.clone_from(client.authenticator().store());
        let response = json!({
            "clientDataJSON": text(&made.response.client_data_json),
            "authenticatorData": text(&made.response.authenticator_data),
            "signature": text(&made.response.signature),
            "userHandle": text(made.response.user_handle.as_deref().unwrap()),
        });
        credential(&made.raw_id, &response)
    }

    fn authenticator(&self) -> Authenticator<Option<Passkey>, Willing, AvailableBackend> {
        Authenticator::new(Aaguid::new_empty(), self.passkey.clone(), Willing, AvailableBackend)
    }
}

fn origin() -> Url {
    Url::parse(ORIGIN).unwrap()
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
