//! Ceremonies with an authenticator and a client that others wrote: register, sign in, sign in again.

use std::sync::LazyLock;

use async_trait::async_trait;
use passbridge::webauthn::algorithm::Algorithm;
use passbridge::webauthn::assertion::{Assertion, AssertionPolicy};
use passbridge::webauthn::credential_record::CredentialRecord;
use passbridge::webauthn::error::VerificationError;
use passbridge::webauthn::policy::{CeremonyPolicy, CrossOrigin};
use passbridge::webauthn::registration::{Registration, RegistrationPolicy};
use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::crypto::AvailableBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use passkey::types::webauthn::{
    AuthenticatedPublicKeyCredential, CreatedPublicKeyCredential, CredentialCreationOptions, CredentialRequestOptions,
};
use serde_json::json;
use url::Url;

const ORIGIN: &str = "https://login.example.org";
static ORIGINS: LazyLock<Vec<String>> = LazyLock::new(|| vec![ORIGIN.to_owned()]);
const USER_HANDLE: &[u8] = b"\x00user handle";

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

/// An authenticator that holds one passkey, and the client that talks to it.
struct Device {
    passkey: Option<Passkey>,
    counts: bool,
}

impl Device {
    fn new(counts: bool) -> Self {
        Self { passkey: None, counts }
    }

    fn authenticator(&self) -> Authenticator<Option<Passkey>, Willing, AvailableBackend> {
        let passkey = self.passkey.clone();
        let mut authenticator = Authenticator::new(Aaguid::new_empty(), passkey, Willing, AvailableBackend);
        authenticator.set_make_credentials_with_signature_counter(self.counts);
        authenticator
    }

    async fn create(&mut self, challenge: &[u8], algorithm: Algorithm) -> CreatedPublicKeyCredential {
        let options: CredentialCreationOptions = serde_json::from_value(json!({ "publicKey": {
            "rp": { "id": "example.org", "name": "Example" },
            "user": { "id": USER_HANDLE, "name": "user", "displayName": "User" },
            "challenge": challenge,
            "pubKeyCredParams": [{ "type": "public-key", "alg": algorithm.identifier() }],
            "authenticatorSelection": { "residentKey": "required", "userVerification": "required" },
        }}))
        .unwrap();
        let mut client = Client::new(self.authenticator());
        let credential = client.register(&Url::parse(ORIGIN).unwrap(), options, DefaultClientData).await.unwrap();
        self.passkey.clone_from(client.authenticator().store());
        credential
    }

    async fn get(&mut self, challenge: &[u8]) -> AuthenticatedPublicKeyCredential {
        let options: CredentialRequestOptions = serde_json::from_value(json!({ "publicKey": {
            "challenge": challenge, "rpId": "example.org", "userVerification": "required",
        }}))
        .unwrap();
        let mut client = Client::new(self.authenticator());
        let credential = client.authenticate(&Url::parse(ORIGIN).unwrap(), options, DefaultClientData).await.unwrap();
        self.passkey.clone_from(client.authenticator().store());
        credential
    }
}

fn ceremony(challenge: &[u8]) -> CeremonyPolicy<'_> {
    CeremonyPolicy {
        challenge,
        rp_id: "example.org",
        origins: &ORIGINS,
        cross_origin: CrossOrigin::Refused,
        user_verification_required: true,
    }
}

fn register(credential: &CreatedPublicKeyCredential, challenge: &[u8], algorithm: Algorithm) -> CredentialRecord {
    let registration = Registration {
        credential_id: &credential.raw_id,
        client_data_json: &credential.response.client_data_json,
        attestation_object: &credential.response.attestation_object,
    };
    let policy = RegistrationPolicy {
        ceremony: ceremony(challenge),
        algorithms: &[algorithm],
        conditional_mediation: false,
        user_handle: USER_HANDLE,
    };
    let verified = registration.verify(&policy).unwrap();
    assert_eq!(verified.attestation_format, "none");
    assert!(verified.record.uv_initialized);
    verified.record
}

fn sign_in(
    credential: &AuthenticatedPublicKeyCredential,
    challenge: &[u8],
    record: &mut CredentialRecord,
) -> Result<(), VerificationError> {
    let assertion = Assertion {
        credential_id: &credential.raw_id,
        client_data_json: &credential.response.client_data_json,
        authenticator_data: &credential.response.authenticator_data,
        signature: &credential.response.signature,
        user_handle: credential.response.user_handle.as_deref().map(Vec::as_slice),
    };
    // nobody was identified before: the user handle in the response is what says who signs in
    let policy = AssertionPolicy { ceremony: ceremony(challenge), allowed: &[], user_handle: None };
    let verified = assertion.verify(&policy, record)?;
    assert!(verified.user_verified);
    record.sign_count = verified.sign_count;
    record.backup_eligible = Some(verified.backup_eligible);
    record.backup_state = verified.backup_state;
    Ok(())
}

#[tokio::test]
async fn challenge_of_any_length_is_accepted() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        for challenge in [&[0][..], b"fourteen bytes", &[0xFF; 32], &[7; 1024]] {
            let mut device = Device::new(false);
            let mut record = register(&device.create(challenge, algorithm).await, challenge, algorithm);
            assert_eq!(record.public_key.algorithm(), algorithm);
            assert_eq!(record.sign_count, 0);
            assert_eq!(sign_in(&device.get(challenge).await, challenge, &mut record), Ok(()));
            assert_eq!(record.sign_count, 0, "an authenticator without a counter");
        }
    }
}

#[tokio::test]
async fn sign_count_must_increase() {
    let mut device = Device::new(true);
    let challenge = b"challenge";
    let mut record = register(&device.create(challenge, Algorithm::Es256).await, challenge, Algorithm::Es256);
    let first = device.get(challenge).await;
    let second = device.get(challenge).await;
    let before = record.sign_count;
    assert_eq!(sign_in(&second, challenge, &mut record), Ok(()));
    assert!(record.sign_count > before);
    let stored = record.clone();
    assert_eq!(
        sign_in(&first, challenge, &mut record),
        Err(VerificationError::SignCountNotIncreased),
        "older than the last"
    );
    assert_eq!(
        sign_in(&second, challenge, &mut record),
        Err(VerificationError::SignCountNotIncreased),
        "as old as the last"
    );
    assert_eq!(record, stored);
}

#[tokio::test]
async fn passkey_of_another_device_is_refused() {
    let challenge = b"challenge";
    let mut device = Device::new(false);
    let mut other = Device::new(false);
    let mut record = register(&device.create(challenge, Algorithm::Es256).await, challenge, Algorithm::Es256);
    other.create(challenge, Algorithm::Es256).await;
    let mut foreign = other.get(challenge).await;
    assert_eq!(sign_in(&foreign, challenge, &mut record), Err(VerificationError::CredentialMismatch));
    foreign.raw_id = record.id.clone().into();
    assert_eq!(sign_in(&foreign, challenge, &mut record), Err(VerificationError::SignatureInvalid));
}
