//! The steps of section 7.2 alone.

use passbridge::webauthn::error::VerificationError;

use crate::case::{AssertionCase, RegistrationCase};
use crate::level3::vector;
use crate::refusals::{FLAGS, UP, asserted};

#[test]
fn credential_not_in_the_allow_list_is_refused() {
    let id = vector("none-es256").credential_id.0;
    let other = vector("packed-es256").credential_id.0;
    assert_eq!(asserted(|case| case.allowed = vec![other.clone()]), Err(VerificationError::CredentialNotAllowed));
    assert_eq!(asserted(|case| case.allowed = vec![id[..31].to_vec()]), Err(VerificationError::CredentialNotAllowed));
    assert_eq!(asserted(|case| case.allowed = vec![other, id]), Ok(()));
}

#[test]
fn record_of_another_credential_is_refused() {
    assert_eq!(asserted(|case| case.record.id[0] ^= 1), Err(VerificationError::CredentialMismatch));
    assert_eq!(asserted(|case| case.credential_id[0] ^= 1), Err(VerificationError::CredentialMismatch));
}

#[test]
fn user_handle_of_another_user_is_refused() {
    let alice = Some(b"alice".to_vec());
    let mallory = Some(b"mallory".to_vec());
    let with = |identified: &Option<Vec<u8>>, named: &Option<Vec<u8>>, owner: &[u8]| {
        asserted(|case| {
            case.identified.clone_from(identified);
            case.user_handle.clone_from(named);
            case.record.user_handle = owner.to_vec();
        })
    };
    assert_eq!(with(&alice, &None, b"alice"), Ok(()));
    assert_eq!(with(&alice, &alice, b"alice"), Ok(()));
    assert_eq!(with(&None, &alice, b"alice"), Ok(()));
    assert_eq!(with(&None, &None, b"alice"), Err(VerificationError::UserHandleMissing));
    assert_eq!(with(&None, &mallory, b"alice"), Err(VerificationError::UserHandleMismatch));
    assert_eq!(with(&alice, &mallory, b"alice"), Err(VerificationError::UserHandleMismatch));
    assert_eq!(with(&alice, &mallory, b"mallory"), Err(VerificationError::UserHandleMismatch));
    assert_eq!(with(&alice, &alice, b"mallory"), Err(VerificationError::UserHandleMismatch));
    assert_eq!(with(&alice, &None, b"mallory"), Err(VerificationError::UserHandleMismatch));
}

#[test]
fn assertion_with_attested_credential_data_is_refused() {
    let changed = asserted(|case| case.authenticator_data = registration_data());
    assert_eq!(changed, Err(VerificationError::AttestedCredentialUnexpected));
}

fn registration_data() -> Vec<u8> {
    let mut registration = RegistrationCase::new(&vector("none-es256"));
    let mut data = Vec::new();
    registration.edit_authenticator_data(|original| data.clone_from(original));
    data
}

#[test]
fn changed_backup_eligibility_is_refused() {
    let changed = asserted(|case| case.record.backup_eligible = Some(false));
    assert_eq!(changed, Err(VerificationError::BackupEligibilityChanged));
    assert_eq!(asserted(|case| case.authenticator_data[FLAGS] = UP), Err(VerificationError::BackupEligibilityChanged));
    assert_eq!(asserted(|case| case.record.backup_eligible = None), Ok(()), "a record without the flag");
}

#[test]
fn altered_signature_is_refused() {
    assert_eq!(asserted(|case| case.signature.clear()), Err(VerificationError::SignatureInvalid));
    assert_eq!(asserted(|case| case.signature.push(0)), Err(VerificationError::SignatureInvalid));
    assert_eq!(asserted(|case| case.signature = vec![0x30; 100_000]), Err(VerificationError::SignatureInvalid));
    let other = AssertionCase::new(&vector("packed-es256"));
    assert_eq!(asserted(|case| case.signature = other.signature), Err(VerificationError::SignatureInvalid));
    assert_eq!(
        asserted(|case| case.record.public_key = other.record.public_key),
        Err(VerificationError::SignatureInvalid)
    );
    let appended = asserted(|case| case.client_data_json.push(b' '));
    assert_eq!(appended, Err(VerificationError::SignatureInvalid), "the same client data in other bytes");
}

#[test]
fn any_flipped_bit_of_signed_data_is_refused() {
    for anchor in ["none-es256", "packed-es384", "packed-eddsa", "packed-rs256"] {
        let valid = AssertionCase::new(&vector(anchor));
        assert_eq!(valid.verify(), Ok(()));
        for bit in 0..valid.signature.len() * 8 {
            let mut case = valid.clone();
            case.signature[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(case.verify(), Err(VerificationError::SignatureInvalid), "{anchor}, signature bit {bit}");
        }
        for bit in 0..valid.authenticator_data.len() * 8 {
            let mut case = valid.clone();
            case.authenticator_data[bit / 8] ^= 1 << (bit % 8);
            assert!(case.verify().is_err(), "{anchor}, authenticator data bit {bit}");
        }
        for bit in 0..valid.client_data_json.len() * 8 {
            let mut case = valid.clone();
            case.client_data_json[bit / 8] ^= 1 << (bit % 8);
            assert!(case.verify().is_err(), "{anchor}, client data bit {bit}");
        }
    }
}

#[test]
fn sign_count_that_does_not_increase_is_refused() {
    assert_eq!(
        asserted(|case| case.record.sign_count = 1),
        Err(VerificationError::SignCountNotIncreased),
        "back to zero"
    );
    // other counters are tested in `authenticator`, which can sign them
}
