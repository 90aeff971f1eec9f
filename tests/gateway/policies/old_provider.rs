//! The old provider, with its own users and verifier: a sign-in there has a real signature.
//!
//! It serves Streambird's documented API and can be switched off.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::policies::passkeys::Passkey;
use kit::message::{Request, Response};
use kit::peer::Origin;
use kit::provider::Provider::Streambird;

/// The user of Streambird's documents.
const DOCUMENTED: &str = "user_24wFP9pDa9YiMJLun94iKykoZs2";

/// The old provider.
pub(crate) struct OldProvider {
    origin: Origin,
    shared: Arc<Shared>,
}

struct Shared {
    passkeys: Arc<Vec<Passkey>>,
    /// Challenges and their users.
    challenges: Mutex<HashMap<Vec<u8>, usize>>,
    begins: AtomicUsize,
    sign_ins: AtomicUsize,
}

impl OldProvider {
    pub(crate) async fn start(passkeys: Arc<Vec<Passkey>>) -> Self {
        let (begins, sign_ins) = Default::default();
        let shared = Arc::new(Shared { passkeys, challenges: Mutex::default(), begins, sign_ins });
        let serving = shared.clone();
        let origin = Origin::answering(move |request| std::future::ready(serving.answer(&request))).await;
        Self { origin, shared }
    }

    pub(crate) fn base_url(&self) -> String {
        self.origin.url()
    }

    /// The number of begins and of sign-ins.
    pub(crate) fn counts(&self) -> [usize; 2] {
        [&self.shared.begins, &self.shared.sign_ins].map(|count| count.load(Ordering::SeqCst))
    }

    /// Closes the listener and every connection.
    pub(crate) fn switch_off(&self) {
        self.origin.switch_off();
    }
}

impl Shared {
    fn answer(&self, request: &Request) -> Response {
        let content = request.json();
        let answer = match request.path() {
            "/v1/auth/webauthn/authentication/begin" => self.begin(&content),
            "/v1/auth/webauthn/verify" => self.verify(&content["public_key_credential"]),
            _ => None,
        };
        answer.unwrap_or_else(|| Response::fixture(Streambird, "400_invalid_request.fault"))
    }

    fn begin(&self, content: &Value) -> Option<Response> {
        self.begins.fetch_add(1, Ordering::SeqCst);
        let user = self.passkeys.iter().position(|passkey| content["user_id"] == *passkey.user)?;
        let challenge = uuid::Uuid::new_v4().as_bytes().to_vec();
        let options = json!({
            "challenge": BASE64_STANDARD.encode(&challenge),
            "timeout": 60000,
            "rpId": "localhost",
            "allowCredentials": [{ "type": "public-key", "id": BASE64_STANDARD.encode(&self.passkeys[user].id) }],
            "userVerification": "preferred",
        });
        self.challenges.lock().unwrap().insert(challenge, user);
        let content = json!({
            "public_key_credential_request_options": { "publicKey": options },
            "user_id": self.passkeys[user].user,
        });
        Some(Response::json(200, &content.to_string()))
    }

    /// A challenge is valid once, for the user of its begin and for the user's passkey.
    fn verify(&self, credential: &Value) -> Option<Response> {
        let bytes = |value: &Value| BASE64_URL_SAFE_NO_PAD.decode(value.as_str()?).ok();
        let client_data = bytes(&credential["response"]["clientDataJSON"])?;
        let challenge = bytes(&serde_json::from_slice::<Value>(&client_data).ok()?["challenge"])?;
        let passkey = &self.passkeys[self.challenges.lock().unwrap().remove(&challenge)?];
        let mut signed = bytes(&credential["response"]["authenticatorData"])?;
        signed.extend(digest(&SHA256, &client_data).as_ref());
        let signature = bytes(&credential["response"]["signature"])?;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, passkey.public_key()).verify(&signed, &signature).ok()?;
        if bytes(&credential["rawId"])? != passkey.id {
            return None;
        }
        self.sign_ins.fetch_add(1, Ordering::SeqCst);
        Some(Response::fixture(Streambird, "login.finish.response").replacing(DOCUMENTED, &passkey.user))
    }
}
