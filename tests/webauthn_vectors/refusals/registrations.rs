//! The steps of section 7.1 alone.

use ciborium::Value;
use passbridge::webauthn::algorithm::Algorithm;
use passbridge::webauthn::authenticator_data::InvalidAuthenticatorData;
use passbridge::webauthn::cose_key::InvalidCoseKey;
use passbridge::webauthn::error::VerificationError;

use crate::refusals::{AT, ED, FLAGS, registered};

#[test]
fn malformed_attestation_object_is_refused() {
    let malformed = Err(VerificationError::AttestationObject);
    assert_eq!(registered(|case| case.attestation_object.clear()), malformed);
    assert_eq!(registered(|case| case.attestation_object.truncate(100)), malformed);
    assert_eq!(registered(|case| case.attestation_object.push(0)), malformed);
    assert_eq!(registered(|case| case.attestation_object = vec![0xA1; 100]), malformed, "nested without end");
    assert_eq!(registered(|case| case.edit_object(|members| drop(members.remove(0)))), malformed, "a member less");
    let twice = registered(|case| case.edit_object(|members| members.push(members[0].clone())));
    assert_eq!(twice, malformed, "a member twice");
    let no_bytes = registered(|case| {
        case.edit_object(|members| members[2].1 = Value::from("text"));
    });
    assert_eq!(no_bytes, malformed, "authenticator data that are not bytes");
}

#[test]
fn oversized_attestation_object_is_refused() {
    let with_statement = |length: usize| {
        registered(|case| {
            case.edit_object(|members| {
                members[0].1 = Value::from("packed");
                members[1].1 = Value::Map(vec![(Value::from("x5c"), Value::Bytes(vec![0; length]))]);
            });
        })
    };
    assert_eq!(with_statement(60 * 1024), Ok(()));
    assert_eq!(with_statement(64 * 1024), Err(VerificationError::AttestationObject));
}

#[test]
fn unrequested_extensions_are_ignored() {
    let changed = registered(|case| {
        case.edit_authenticator_data(|data| {
            data[FLAGS] |= ED;
            data.extend([0xA1, 0x61, b'x', 0xF5]);
        });
    });
    assert_eq!(changed, Ok(()));
}

#[test]
fn registration_without_a_credential_is_refused() {
    let changed = registered(|case| {
        case.edit_authenticator_data(|data| {
            data.truncate(37);
            data[FLAGS] ^= AT;
        });
    });
    assert_eq!(changed, Err(VerificationError::AttestedCredentialMissing));
}

#[test]
fn algorithm_that_was_not_offered_is_refused() {
    let changed = registered(|case| case.algorithms = vec![Algorithm::EdDsa, Algorithm::Rs256]);
    assert_eq!(changed, Err(VerificationError::AlgorithmNotOffered));
    assert_eq!(registered(|case| case.algorithms.clear()), Err(VerificationError::AlgorithmNotOffered));
}

#[test]
fn unusable_public_key_is_refused() {
    // the last byte of the point's y
    let changed = registered(|case| case.edit_authenticator_data(|data| *data.last_mut().unwrap() ^= 1));
    let invalid = InvalidAuthenticatorData::PublicKey(InvalidCoseKey::InvalidKey);
    assert_eq!(changed, Err(VerificationError::AuthenticatorData(invalid)));
}

#[test]
fn unexpected_attestation_statement_is_refused() {
    for statement in [Value::Map(vec![(Value::from("alg"), Value::from(-7))]), Value::Array(vec![]), Value::Null] {
        let changed = registered(|case| case.edit_object(|members| members[1].1 = statement));
        assert_eq!(changed, Err(VerificationError::AttestationStatement));
    }
}

#[test]
fn credential_id_of_wrong_length_is_refused() {
    let with_length = |length: u16| {
        registered(|case| {
            case.edit_authenticator_data(|data| {
                // the length, two bytes at 53, and the 32 bytes of the id
                let id = std::iter::repeat_n(1, usize::from(length));
                data.splice(53..87, length.to_be_bytes().into_iter().chain(id));
            });
            case.credential_id = vec![1; usize::from(length)];
        })
    };
    assert_eq!(with_length(0), Err(VerificationError::CredentialIdLength));
    assert_eq!(with_length(1), Ok(()));
    assert_eq!(with_length(1023), Ok(()));
    assert_eq!(with_length(1024), Err(VerificationError::CredentialIdLength));
}

#[test]
fn credential_id_that_differs_from_the_attested_one_is_refused() {
    assert_eq!(registered(|case| case.credential_id[0] ^= 1), Err(VerificationError::CredentialMismatch));
}
