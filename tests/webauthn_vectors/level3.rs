//! Section 16 of Web Authentication Level 3: the examples as data. Each of them is accepted unchanged.

use aws_lc_rs::digest::{SHA256, digest};
use passbridge::webauthn::algorithm::Algorithm;
use serde::{Deserialize, Deserializer};

use crate::case::{AssertionCase, RegistrationCase, USER_HANDLE};

/// Bytes, written in hex.
pub(crate) struct Hex(pub(crate) Vec<u8>);

#[derive(Deserialize)]
struct File {
    vector: Vec<Vector>,
}

#[derive(Deserialize)]
pub(crate) struct Vector {
    pub(crate) anchor: String,
    alg: i64,
    fmt: String,
    aaguid: Hex,
    pub(crate) credential_id: Hex,
    pub(crate) registration: RegistrationVector,
    pub(crate) authentication: AuthenticationVector,
}

#[derive(Deserialize)]
pub(crate) struct RegistrationVector {
    pub(crate) challenge: Hex,
    pub(crate) client_data_json: Hex,
    pub(crate) attestation_object: Hex,
}

#[derive(Deserialize)]
pub(crate) struct AuthenticationVector {
    pub(crate) challenge: Hex,
    pub(crate) authenticator_data: Hex,
    pub(crate) client_data_json: Hex,
    pub(crate) signature: Hex,
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        assert_eq!(text.len() % 2, 0, "hex has two digits a byte");
        let bytes = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16));
        bytes.collect::<Result<_, _>>().map(Self).map_err(serde::de::Error::custom)
    }
}

pub(crate) fn vectors() -> Vec<Vector> {
    toml::from_str::<File>(include_str!("../vectors/webauthn_level3.toml")).unwrap().vector
}

pub(crate) fn vector(anchor: &str) -> Vector {
    vectors().into_iter().find(|vector| vector.anchor == anchor).unwrap()
}

#[test]
fn vectors_cover_every_algorithm_and_the_longest_id() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 11);
    for algorithm in Algorithm::ALL {
        assert!(vectors.iter().any(|vector| vector.alg == algorithm.identifier()), "{algorithm:?}");
    }
    assert_eq!(vector("none-es256-long-credential-id").credential_id.0.len(), 1023);
}

#[test]
fn every_registration_is_accepted() {
    for vector in vectors() {
        let verified = RegistrationCase::new(&vector).outcome().expect(&vector.anchor);
        // in authenticator data the flags are five bytes before the AAGUID, and the key is last
        let object = &vector.registration.attestation_object.0;
        let flags = object[object.windows(16).position(|window| window == vector.aaguid.0).unwrap() - 5];
        assert_eq!(verified.aaguid, vector.aaguid.0[..], "{}", vector.anchor);
        assert_eq!(verified.attestation_format, vector.fmt, "{}", vector.anchor);
        let statement = verified.attestation_statement.as_map().unwrap();
        assert_eq!(statement.is_empty(), vector.fmt == "none", "{}", vector.anchor);
        let record = verified.record;
        assert_eq!(record.id, vector.credential_id.0, "{}", vector.anchor);
        assert_eq!(record.public_key.algorithm().identifier(), vector.alg, "{}", vector.anchor);
        assert!(object.ends_with(record.public_key.as_bytes()), "{}", vector.anchor);
        assert_eq!(record.sign_count, 0, "{}", vector.anchor);
        assert_eq!(record.uv_initialized, flags & 0x04 != 0, "{}", vector.anchor);
        assert_eq!(record.backup_eligible, Some(flags & 0x08 != 0), "{}", vector.anchor);
        assert_eq!(record.backup_state, flags & 0x10 != 0, "{}", vector.anchor);
        assert_eq!(record.user_handle, USER_HANDLE, "{}", vector.anchor);
    }
}

#[test]
fn every_authentication_is_accepted() {
    for vector in vectors() {
        assert_eq!(AssertionCase::new(&vector).verify(), Ok(()), "{}", vector.anchor);
    }
}

#[test]
fn signature_does_not_verify_with_another_key() {
    let cases: Vec<_> = vectors().iter().map(AssertionCase::new).collect();
    for (signer, case) in cases.iter().enumerate() {
        let hash = digest(&SHA256, &case.client_data_json);
        let signed = [&case.authenticator_data, hash.as_ref()].concat();
        for (owner, other) in cases.iter().enumerate() {
            let verifies = other.record.public_key.verifies(&signed, &case.signature);
            assert_eq!(verifies, signer == owner, "vector {signer} with the key of {owner}");
        }
    }
}
