//! An authenticator that signs anything, including data that a real one never signs.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::model::assertion::{AssertionResponse, CredentialAssertion};
use crate::model::registration::{AttestationResponse, CredentialCreation};
use crate::relying_party::directory::Store;
use crate::relying_party::directory::credential::Credential;
use crate::relying_party::directory::credential::tests::key_of_ada;
use crate::relying_party::directory::user::User;
use crate::relying_party::directory::user::tests::ada;
use crate::webauthn::cose_key::CoseKey;

/// User present, user verified, attested credential data included (WebAuthn 6.1).
pub(crate) const UP: u8 = 0x01;
pub(crate) const UV: u8 = 0x04;
const AT: u8 = 0x40;

/// A key pair and everything that is claimed with it. Change a field to forge it.
#[derive(Clone)]
pub(crate) struct Forger {
    pub(crate) pair: Arc<EcdsaKeyPair>,
    pub(crate) credential_id: Vec<u8>,
    pub(crate) user_handle: Option<Vec<u8>>,
    pub(crate) origin: &'static str,
    pub(crate) rp_id: &'static str,
    pub(crate) flags: u8,
    pub(crate) count: u32,
}

impl Forger {
    pub(crate) fn new(user_handle: &[u8]) -> Self {
        Self {
            pair: Arc::new(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()),
            credential_id: vec![0xC0; 16],
            user_handle: Some(user_handle.to_vec()),
            origin: "http://localhost:8080",
            rp_id: "localhost",
            flags: UP | UV,
            count: 6,
        }
    }

    /// Ada, in the directory, with this passkey at counter 5.
    pub(crate) fn of_ada(store: &Store) -> Self {
        let forger = Self::new(&ada().handle);
        ada().insert(store.connection()).unwrap();
        forger.row().insert(store.connection()).unwrap();
        forger
    }

    /// Bob, in the same directory.
    pub(crate) fn of_bob(store: &Store) -> Self {
        let forger = Self { credential_id: vec![0xB0; 16], ..Self::new(b"bob's handle") };
        let bob =
            User { id: "user_bob".into(), handle: b"bob's handle".into(), email: Some("bob@b.b".into()), ..ada() };
        bob.insert(store.connection()).unwrap();
        let row = Credential { user_id: "user_bob".into(), handle: "credential_bob".into(), ..forger.row() };
        row.insert(store.connection()).unwrap();
        forger
    }

    pub(crate) fn row(&self) -> Credential {
        let public_key = self.cose();
        Credential { id: self.credential_id.clone(), public_key, user_handle: None, learned: false, ..key_of_ada() }
    }

    fn cose(&self) -> Vec<u8> {
        CoseKey::es256(self.pair.public_key().as_ref()).unwrap().as_bytes().to_vec()
    }

    fn client_data(&self, kind: &str, challenge: &[u8]) -> Vec<u8> {
        let challenge = URL_SAFE_NO_PAD.encode(challenge);
        json!({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false}).to_string().into()
    }

    fn authenticator_data(&self, flags: u8) -> Vec<u8> {
        [digest(&SHA256, self.rp_id.as_bytes()).as_ref(), &[flags], &self.count.to_be_bytes()].concat()
    }

    pub(crate) fn sign(&self, challenge: &[u8]) -> AssertionResponse<'static> {
        let client_data = self.client_data("webauthn.get", challenge);
        let data = self.authenticator_data(self.flags);
        let message = [data.as_slice(), digest(&SHA256, &client_data).as_ref()].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &message).unwrap();
        AssertionResponse {
            credential_id: Some(self.credential_id.clone().into()),
            credential_client_data_json: Some(client_data.into()),
            credential_authenticator_data: Some(data.into()),
            credential_signature: Some(signature.as_ref().to_vec().into()),
            credential_user_handle: self.user_handle.clone().map(Into::into),
            ..AssertionResponse::default()
        }
    }

    /// Answers a begin.
    pub(crate) fn answer(&self, options: &CredentialAssertion<'_>) -> AssertionResponse<'static> {
        self.sign(options.challenge.as_ref().unwrap())
    }

    /// Creates a credential, with attestation `none`.
    pub(crate) fn create(&self, options: &CredentialCreation<'_>) -> AttestationResponse<'static> {
        let id_length = u16::try_from(self.credential_id.len()).unwrap().to_be_bytes();
        let header = self.authenticator_data(self.flags | AT);
        let data = [&header[..], &[0; 16], &id_length, &self.credential_id, &self.cose()].concat();
        let object = ciborium::Value::Map(vec![
            ("fmt".into(), "none".into()),
            ("attStmt".into(), ciborium::Value::Map(Vec::new())),
            ("authData".into(), ciborium::Value::Bytes(data)),
        ]);
        let mut attestation_object = Vec::new();
        ciborium::into_writer(&object, &mut attestation_object).unwrap();
        AttestationResponse {
            credential_id: Some(self.credential_id.clone().into()),
            credential_client_data_json: Some(
                self.client_data("webauthn.create", options.challenge.as_ref().unwrap()).into(),
            ),
            credential_attestation_object: Some(attestation_object.into()),
            ..AttestationResponse::default()
        }
    }
}
