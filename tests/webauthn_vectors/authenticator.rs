//! Ceremonies with an independent authenticator and client: register, sign in, sign in again.

use std::sync::LazyLock;

use kit::device::Device;
use passbridge::webauthn::algorithm::Algorithm;
use passbridge::webauthn::assertion::{Assertion, AssertionPolicy};
use passbridge::webauthn::credential_record::CredentialRecord;
use passbridge::webauthn::error::VerificationError;
use passbridge::webauthn::policy::{CeremonyPolicy, CrossOrigin};
use passbridge::webauthn::registration::{Registration, RegistrationPolicy};
use passkey::types::webauthn::{AuthenticatedPublicKeyCredential, CreatedPublicKeyCredential};

const ORIGIN: &str = "https://login.example.org";
static ORIGINS: LazyLock<Vec<String>> = LazyLock::new(|| vec![ORIGIN.to_owned()]);
const USER_HANDLE: &[u8] = b"\x00user handle";

fn new_device() -> Device {
    Device::on(ORIGIN, "example.org")
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
    // No user was identified before: the user handle in the response identifies the user.
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
            let mut device = new_device();
            let mut record =
                register(&device.register(challenge, USER_HANDLE, algorithm.identifier()).await, challenge, algorithm);
            assert_eq!(record.public_key.algorithm(), algorithm);
            assert_eq!(record.sign_count, 0);
            assert_eq!(sign_in(&device.authenticate(challenge).await, challenge, &mut record), Ok(()));
            assert_eq!(record.sign_count, 0, "an authenticator without a counter");
        }
    }
}

#[tokio::test]
async fn sign_count_must_increase() {
    let mut device = new_device().counting();
    let challenge = b"challenge";
    let mut record = register(
        &device.register(challenge, USER_HANDLE, Algorithm::Es256.identifier()).await,
        challenge,
        Algorithm::Es256,
    );
    let first = device.authenticate(challenge).await;
    let second = device.authenticate(challenge).await;
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
    let mut device = new_device();
    let mut other = new_device();
    let mut record = register(
        &device.register(challenge, USER_HANDLE, Algorithm::Es256.identifier()).await,
        challenge,
        Algorithm::Es256,
    );
    other.register(challenge, USER_HANDLE, Algorithm::Es256.identifier()).await;
    let mut foreign = other.authenticate(challenge).await;
    assert_eq!(sign_in(&foreign, challenge, &mut record), Err(VerificationError::CredentialMismatch));
    foreign.raw_id = record.id.clone().into();
    assert_eq!(sign_in(&foreign, challenge, &mut record), Err(VerificationError::SignatureInvalid));
}
