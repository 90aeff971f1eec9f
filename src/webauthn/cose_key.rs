//! A credential public key: a COSE_Key as section 6.5.1 restricts it.
//!
//! Every [`CoseKey`] can verify signatures: its type, algorithm and curve agree, its numbers have the right length, its
//! point is on the curve. Anything else is refused when it is parsed, at a registration or an import. The original
//! bytes are kept.

use std::fmt;

use aws_lc_rs::signature::ParsedPublicKey;

use crate::webauthn::algorithm::Algorithm;
pub use crate::webauthn::cose_parameters::InvalidCoseKey;
pub(crate) use crate::webauthn::cose_parameters::KeyParameters;
use crate::webauthn::cose_parameters::Parameters;

/// Bytes of an encoded key: an RSA modulus of 8192 bits is 1024 of them.
const MAX_LENGTH: usize = 2048;

/// A checked credential public key.
#[derive(Clone)]
pub struct CoseKey {
    algorithm: Algorithm,
    key: ParsedPublicKey,
    bytes: Vec<u8>,
}

// ===== impl CoseKey =====

impl CoseKey {
    /// Parses bytes that are one COSE_Key and nothing more.
    ///
    /// # Errors
    /// [`InvalidCoseKey`] as its variants say.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidCoseKey> {
        let mut rest = bytes;
        let key = Self::parse_prefix(&mut rest)?;
        if !rest.is_empty() {
            return Err(InvalidCoseKey::Malformed);
        }
        Ok(key)
    }

    /// The ES256 key with this point on P-256, uncompressed (SEC 1, section 2.3.3), in the one encoding of CTAP2.
    ///
    /// # Errors
    /// [`InvalidCoseKey::InvalidKey`] when it is no such point.
    pub fn es256(point: &[u8]) -> Result<Self, InvalidCoseKey> {
        let coordinates = point.strip_prefix(&[4]).and_then(|rest| rest.split_at_checked(32));
        let (x, y) = coordinates.filter(|(_, y)| y.len() == 32).ok_or(InvalidCoseKey::InvalidKey)?;
        Self::from_parameters(&KeyParameters::P256 { x: x.to_vec(), y: y.to_vec() })
    }

    /// The key with these parameters, in the one encoding of CTAP2.
    pub(crate) fn from_parameters(parameters: &KeyParameters) -> Result<Self, InvalidCoseKey> {
        Self::parse(&parameters.to_cose())
    }

    /// What the key consists of.
    pub(crate) fn parameters(&self) -> KeyParameters {
        let parameters = Parameters::read(&mut self.as_bytes()).and_then(|mut parameters| {
            let algorithm = parameters.algorithm()?;
            parameters.into_key(algorithm)
        });
        parameters.expect("the bytes were parsed")
    }

    /// Parses the COSE_Key at the front of `input` and moves `input` past it.
    pub(super) fn parse_prefix(input: &mut &[u8]) -> Result<Self, InvalidCoseKey> {
        let window = &input[..input.len().min(MAX_LENGTH)];
        let mut after = window;
        let mut parameters = Parameters::read(&mut after)?;
        let (bytes, rest) = input.split_at(window.len() - after.len());
        *input = rest;
        let algorithm = parameters.algorithm()?;
        let key = parameters.into_key(algorithm)?.public_key()?;
        Ok(Self { algorithm, key, bytes: bytes.to_vec() })
    }

    /// The algorithm that the key names.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The bytes that the key was parsed from.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether `signature` is this key's signature of `message`, in the form of section 6.5.5: DER for ECDSA.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }
}

impl PartialEq for CoseKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for CoseKey {}

impl fmt::Debug for CoseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoseKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
    use ciborium::Value;
    use proptest::prelude::*;

    use super::*;

    const KTY: i64 = 1;
    const ALG: i64 = 3;
    const CRV: i64 = -1;
    const X: i64 = -2;
    const Y: i64 = -3;

    fn encode(parameters: &[(i64, Value)]) -> Vec<u8> {
        let entries = parameters.iter().map(|(label, value)| (Value::from(*label), value.clone())).collect();
        let mut bytes = Vec::new();
        ciborium::into_writer(&Value::Map(entries), &mut bytes).unwrap();
        bytes
    }

    fn es256() -> Vec<(i64, Value)> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let point = pair.public_key().as_ref();
        vec![
            (KTY, Value::from(2)),
            (ALG, Value::from(-7)),
            (CRV, Value::from(1)),
            (X, Value::from(&point[1..33])),
            (Y, Value::from(&point[33..])),
        ]
    }

    fn rs256(modulus: Vec<u8>, exponent: Vec<u8>) -> Result<CoseKey, InvalidCoseKey> {
        CoseKey::parse(&encode(&[
            (KTY, Value::from(3)),
            (ALG, Value::from(-257)),
            (-1, Value::Bytes(modulus)),
            (-2, Value::Bytes(exponent)),
        ]))
    }

    fn with(label: i64, value: impl Into<Value>) -> Result<CoseKey, InvalidCoseKey> {
        let mut parameters = es256();
        parameters.retain(|(other, _)| *other != label);
        parameters.push((label, value.into()));
        CoseKey::parse(&encode(&parameters))
    }

    #[test]
    fn an_es256_key_is_written_as_it_is_read() {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let point = pair.public_key().as_ref();
        let [x, y] = [&point[1..33], &point[33..]].map(Value::from);
        let parameters = [(KTY, Value::from(2)), (ALG, Value::from(-7)), (CRV, Value::from(1)), (X, x), (Y, y)];
        assert_eq!(CoseKey::es256(point).unwrap().as_bytes(), encode(&parameters));
        for no_point in [&[][..], &[4], &point[1..], &point[..64], &[point, &[0]].concat(), &[[4; 65]].concat()] {
            assert_eq!(CoseKey::es256(no_point), Err(InvalidCoseKey::InvalidKey));
        }
    }

    #[test]
    fn keeps_the_bytes_it_came_from() {
        let bytes = encode(&es256());
        let key = CoseKey::parse(&bytes).unwrap();
        assert_eq!(key.as_bytes(), bytes);
        assert_eq!(key.algorithm(), Algorithm::Es256);
    }

    #[test]
    fn refuses_an_algorithm_it_cannot_verify() {
        let unsupported = [-36, -37, -47, -65535, 0, i64::MIN];
        for identifier in unsupported {
            assert_eq!(with(ALG, identifier), Err(InvalidCoseKey::UnsupportedAlgorithm));
        }
        assert_eq!(with(ALG, "ES256"), Err(InvalidCoseKey::UnsupportedAlgorithm));
        let without: Vec<_> = es256().into_iter().filter(|(label, _)| *label != ALG).collect();
        assert_eq!(CoseKey::parse(&encode(&without)), Err(InvalidCoseKey::UnsupportedAlgorithm));
    }

    #[test]
    fn refuses_a_type_or_curve_of_another_algorithm() {
        assert_eq!(with(KTY, 1), Err(InvalidCoseKey::Inconsistent));
        assert_eq!(with(CRV, 2), Err(InvalidCoseKey::Inconsistent));
        assert_eq!(with(CRV, 8), Err(InvalidCoseKey::Inconsistent));
        assert_eq!(with(ALG, -8), Err(InvalidCoseKey::Inconsistent));
        assert_eq!(with(ALG, -35), Err(InvalidCoseKey::Inconsistent));
        assert_eq!(with(ALG, -257), Err(InvalidCoseKey::Inconsistent));
    }

    #[test]
    fn refuses_eddsa_on_another_curve() {
        let with = |kty: i64, curve: i64| {
            let x = Value::Bytes(vec![1; 32]);
            CoseKey::parse(&encode(&[(KTY, kty.into()), (ALG, (-8).into()), (CRV, curve.into()), (X, x)]))
        };
        assert_eq!(with(1, 6).map(|key| key.algorithm()), Ok(Algorithm::EdDsa));
        assert_eq!(with(1, 7), Err(InvalidCoseKey::Inconsistent), "Ed448");
        assert_eq!(with(1, 4), Err(InvalidCoseKey::Inconsistent), "X25519");
        assert_eq!(with(2, 6), Err(InvalidCoseKey::Inconsistent));
    }

    #[test]
    fn refuses_points_of_another_form() {
        assert_eq!(with(X, vec![1; 31]), Err(InvalidCoseKey::InvalidParameter));
        assert_eq!(with(X, vec![0; 33]), Err(InvalidCoseKey::InvalidParameter));
        assert_eq!(with(Y, true), Err(InvalidCoseKey::InvalidParameter), "a compressed point");
        assert_eq!(with(X, "text"), Err(InvalidCoseKey::InvalidParameter));
        assert_eq!(with(Y, vec![1; 32]), Err(InvalidCoseKey::InvalidKey), "not on the curve");
    }

    #[test]
    fn refuses_parameters_that_are_not_required() {
        assert_eq!(with(2, vec![1]), Err(InvalidCoseKey::UnexpectedParameter), "kid");
        assert_eq!(with(-4, vec![1; 32]), Err(InvalidCoseKey::UnexpectedParameter), "the private key");
    }

    #[test]
    fn refuses_what_is_not_one_map_of_integers() {
        let mut twice = es256();
        twice.push((CRV, Value::from(1)));
        let mut trailing = encode(&es256());
        trailing.push(0);
        let mut long = es256();
        long.push((2, Value::Bytes(vec![0; MAX_LENGTH])));
        let nested = [[0xA1, 0x01].repeat(40), vec![0x00]].concat();
        for bytes in [vec![], vec![0x80], vec![0xA1, 0x61, 0x61, 0x00], encode(&twice), trailing, encode(&long), nested]
        {
            assert_eq!(CoseKey::parse(&bytes), Err(InvalidCoseKey::Malformed));
        }
    }

    #[test]
    fn bounds_the_numbers_of_an_rsa_key() {
        let exponent = vec![1, 0, 1];
        assert!(rs256(vec![0xFF; 256], exponent.clone()).is_ok());
        // The zero of an ASN.1 sign is not a part of the number.
        let signed = rs256([vec![0], vec![0xFF; 256]].concat(), exponent.clone()).unwrap();
        assert_eq!(signed.parameters(), KeyParameters::Rsa { n: vec![0xFF; 256], e: exponent.clone() });
        assert!(rs256(vec![0xFF; 1024], exponent.clone()).is_ok());
        let moduli = [vec![], vec![0; 256], vec![0x7F; 256], vec![0xFF; 255], vec![0xFF; 1025]];
        for modulus in moduli {
            assert_eq!(rs256(modulus, exponent.clone()), Err(InvalidCoseKey::InvalidParameter));
        }
        for exponent in [vec![], vec![0], vec![1], vec![2], vec![0, 1], vec![1; 5]] {
            assert_eq!(rs256(vec![0xFF; 256], exponent), Err(InvalidCoseKey::InvalidParameter));
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
            let _ = CoseKey::parse(&bytes);
        }
    }
}
