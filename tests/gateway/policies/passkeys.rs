//! A thousand software passkeys: P-256 keys that are fast to create and sign.

use std::sync::Mutex;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use kit::passkey::client_data;

/// The user was present and verified (WebAuthn 6.1).
const FLAGS: u8 = 0b101;

/// A user's passkey, created at the old provider.
pub(crate) struct Passkey {
    pub(crate) user: String,
    pub(crate) id: Vec<u8>,
    key: EcdsaKeyPair,
    counter: Mutex<u32>,
}

impl Passkey {
    pub(crate) fn of(number: usize) -> Self {
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.as_ref()).unwrap();
        let id = digest(&SHA256, &number.to_be_bytes()).as_ref().to_vec();
        Self { user: format!("user_{number:027}"), id, key, counter: Mutex::default() }
    }

    /// The public key: an uncompressed point.
    pub(crate) fn public_key(&self) -> &[u8] {
        self.key.public_key().as_ref()
    }

    /// Signs a challenge; the credential as a browser returns it.
    pub(crate) fn get(&self, challenge: &[u8]) -> Value {
        let counter = {
            let mut counter = self.counter.lock().unwrap();
            *counter += 1;
            *counter
        };
        let mut data = digest(&SHA256, b"localhost").as_ref().to_vec();
        data.push(FLAGS);
        data.extend(counter.to_be_bytes());
        let client_data = client_data(challenge);
        let hash = digest(&SHA256, &BASE64_URL_SAFE_NO_PAD.decode(&client_data).unwrap());
        let signature = self.key.sign(&SystemRandom::new(), &[&data, hash.as_ref()].concat()).unwrap();
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        json!({
            "id": text(&self.id),
            "rawId": text(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "response": {
                "clientDataJSON": client_data,
                "authenticatorData": text(&data),
                "signature": text(signature.as_ref()),
                "userHandle": text(self.user.as_bytes()),
            },
            "clientExtensionResults": {},
        })
    }
}
