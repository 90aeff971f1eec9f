//! The parameters of a COSE_Key.
//!
//! A duplicate label, an unexpected parameter and a missing one are errors of their own.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents,
};
use ciborium::Value;
use thiserror::Error;

use crate::webauthn::algorithm::Algorithm;
use crate::webauthn::cbor::{self, InvalidCbor};

/// The sizes that the RSA verifier accepts. It checks them only at the sign-in.
const RSA_MODULUS_BITS: RangeInclusive<usize> = 2048..=8192;
/// The verifier limits the exponent too. Usual ones have three bytes.
const MAX_RSA_EXPONENT_LENGTH: usize = 4;

// Bytes of a coordinate.
const P256_LENGTH: usize = 32;
const P384_LENGTH: usize = 48;
const ED25519_LENGTH: usize = 32;

// Labels of RFC 9052 section 7.1 (common), RFC 9053 section 7 (EC2, OKP) and RFC 8230 section 4 (RSA). The negative
// ones mean different things for different key types.
const KTY: i64 = 1;
const ALG: i64 = 3;
const CRV: i64 = -1;
const X: i64 = -2;
const Y: i64 = -3;
const RSA_N: i64 = -1;
const RSA_E: i64 = -2;

const KTY_OKP: i64 = 1;
const KTY_EC2: i64 = 2;
const KTY_RSA: i64 = 3;
const CRV_P256: i64 = 1;
const CRV_P384: i64 = 2;
const CRV_ED25519: i64 = 6;

/// Why bytes are not a supported credential public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidCoseKey {
    /// Not exactly one CBOR map of at most 2048 bytes whose labels are integers that occur once.
    #[error("not a COSE_Key map")]
    Malformed,
    /// The algorithm is missing or not supported.
    #[error("no supported algorithm (ES256, ES384, EdDSA with Ed25519, RS256)")]
    UnsupportedAlgorithm,
    /// Key type or curve is not the one that the algorithm requires (section 5.8.5).
    #[error("key type or curve does not fit the algorithm")]
    Inconsistent,
    /// A required parameter is missing, of the wrong type or of the wrong length (a compressed point is, too).
    #[error("a key parameter is missing or has the wrong form")]
    InvalidParameter,
    /// A parameter beyond the required ones, which section 6.5.1 forbids.
    #[error("a key parameter is not allowed in a credential public key")]
    UnexpectedParameter,
    /// The numbers are not a public key, for example a point that is not on the curve.
    #[error("the parameters are not a valid public key")]
    InvalidKey,
}

/// The parameters of a COSE_Key that have not been taken yet.
pub(super) struct Parameters(BTreeMap<i64, Value>);

impl Parameters {
    /// Reads the map at the front of `input` and moves `input` past it.
    pub(super) fn read(input: &mut &[u8]) -> Result<Self, InvalidCoseKey> {
        let malformed = |InvalidCbor| InvalidCoseKey::Malformed;
        let Value::Map(entries) = cbor::read_item(input).map_err(malformed)? else {
            return Err(InvalidCoseKey::Malformed);
        };
        let mut parameters = BTreeMap::new();
        for (label, value) in entries {
            let label = label.as_integer().and_then(|label| i64::try_from(label).ok());
            let label = label.ok_or(InvalidCoseKey::Malformed)?;
            if parameters.insert(label, value).is_some() {
                return Err(InvalidCoseKey::Malformed);
            }
        }
        Ok(Self(parameters))
    }

    /// Takes the algorithm.
    pub(super) fn algorithm(&mut self) -> Result<Algorithm, InvalidCoseKey> {
        let identifier = self.integer(ALG);
        identifier.and_then(Algorithm::from_identifier).ok_or(InvalidCoseKey::UnsupportedAlgorithm)
    }

    /// Takes the parameters that the algorithm requires. There must be no others.
    pub(super) fn into_key(mut self, algorithm: Algorithm) -> Result<KeyParameters, InvalidCoseKey> {
        let key = match algorithm {
            Algorithm::Es256 => {
                let (x, y) = self.ec2(CRV_P256, P256_LENGTH)?;
                KeyParameters::P256 { x, y }
            }
            Algorithm::Es384 => {
                let (x, y) = self.ec2(CRV_P384, P384_LENGTH)?;
                KeyParameters::P384 { x, y }
            }
            Algorithm::EdDsa => self.ed25519()?,
            Algorithm::Rs256 => self.rsa()?,
        };
        if !self.0.is_empty() {
            return Err(InvalidCoseKey::UnexpectedParameter);
        }
        Ok(key)
    }

    fn integer(&mut self, label: i64) -> Option<i64> {
        self.0.remove(&label)?.as_integer()?.try_into().ok()
    }

    fn bytes(&mut self, label: i64) -> Result<Vec<u8>, InvalidCoseKey> {
        let value = self.0.remove(&label).ok_or(InvalidCoseKey::InvalidParameter)?;
        value.into_bytes().map_err(|_| InvalidCoseKey::InvalidParameter)
    }

    fn fixed_bytes(&mut self, label: i64, length: usize) -> Result<Vec<u8>, InvalidCoseKey> {
        let bytes = self.bytes(label)?;
        if bytes.len() != length {
            return Err(InvalidCoseKey::InvalidParameter);
        }
        Ok(bytes)
    }

    fn require(&mut self, label: i64, expected: i64) -> Result<(), InvalidCoseKey> {
        if self.integer(label) != Some(expected) {
            return Err(InvalidCoseKey::Inconsistent);
        }
        Ok(())
    }

    fn ec2(&mut self, curve: i64, coordinate: usize) -> Result<(Vec<u8>, Vec<u8>), InvalidCoseKey> {
        self.require(KTY, KTY_EC2)?;
        self.require(CRV, curve)?;
        Ok((self.fixed_bytes(X, coordinate)?, self.fixed_bytes(Y, coordinate)?))
    }

    fn ed25519(&mut self) -> Result<KeyParameters, InvalidCoseKey> {
        self.require(KTY, KTY_OKP)?;
        self.require(CRV, CRV_ED25519)?;
        Ok(KeyParameters::Ed25519 { x: self.fixed_bytes(X, ED25519_LENGTH)? })
    }

    fn rsa(&mut self) -> Result<KeyParameters, InvalidCoseKey> {
        self.require(KTY, KTY_RSA)?;
        let n = self.bytes(RSA_N)?;
        let e = self.bytes(RSA_E)?;
        // RFC 8230 forbids leading zeros, but a key converted from ASN.1 may carry the one of its sign.
        let (n, e) = (without_leading_zeros(&n), without_leading_zeros(&e));
        let modulus_bits = n.first().map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
        let exponent_is_odd = e.last().is_some_and(|last| last % 2 == 1);
        if !RSA_MODULUS_BITS.contains(&modulus_bits)
            || e.len() > MAX_RSA_EXPONENT_LENGTH
            || !exponent_is_odd
            || e == [1]
        {
            return Err(InvalidCoseKey::InvalidParameter);
        }
        Ok(KeyParameters::Rsa { n: n.to_vec(), e: e.to_vec() })
    }
}

/// What a key consists of, whatever its encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyParameters {
    /// The coordinates of a point on P-256.
    P256 { x: Vec<u8>, y: Vec<u8> },
    /// The coordinates of a point on P-384.
    P384 { x: Vec<u8>, y: Vec<u8> },
    /// The encoded point of RFC 8032 section 5.1.2.
    Ed25519 { x: Vec<u8> },
    /// The modulus and the exponent, big-endian.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl KeyParameters {
    /// The algorithm of the key.
    pub(crate) fn algorithm(&self) -> Algorithm {
        match self {
            Self::P256 { .. } => Algorithm::Es256,
            Self::P384 { .. } => Algorithm::Es384,
            Self::Ed25519 { .. } => Algorithm::EdDsa,
            Self::Rsa { .. } => Algorithm::Rs256,
        }
    }

    /// The key that verifies signatures.
    pub(super) fn public_key(&self) -> Result<ParsedPublicKey, InvalidCoseKey> {
        let point = |x: &[u8], y: &[u8]| [&[0x04], x, y].concat();
        let key = match self {
            Self::P256 { x, y } => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point(x, y)),
            Self::P384 { x, y } => ParsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, point(x, y)),
            Self::Ed25519 { x } => ParsedPublicKey::new(&ED25519, x),
            Self::Rsa { n, e } => {
                let components = RsaPublicKeyComponents { n: n.as_slice(), e: e.as_slice() };
                return components
                    .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
                    .map_err(|_| InvalidCoseKey::InvalidKey);
            }
        };
        key.map_err(|_| InvalidCoseKey::InvalidKey)
    }

    /// The COSE_Key, in the one encoding of CTAP2.
    pub(super) fn to_cose(&self) -> Vec<u8> {
        let (kty, rest) = match self {
            Self::P256 { x, y } => (KTY_EC2, vec![(CRV, CRV_P256.into()), (X, bytes(x)), (Y, bytes(y))]),
            Self::P384 { x, y } => (KTY_EC2, vec![(CRV, CRV_P384.into()), (X, bytes(x)), (Y, bytes(y))]),
            Self::Ed25519 { x } => (KTY_OKP, vec![(CRV, CRV_ED25519.into()), (X, bytes(x))]),
            Self::Rsa { n, e } => (KTY_RSA, vec![(RSA_N, bytes(n)), (RSA_E, bytes(e))]),
        };
        let common = [(KTY, kty.into()), (ALG, self.algorithm().identifier().into())];
        let entries = common.into_iter().chain(rest).map(|(label, value): (i64, Value)| (label.into(), value));
        let mut encoded = Vec::new();
        ciborium::into_writer(&Value::Map(entries.collect()), &mut encoded).expect("a buffer takes every byte");
        encoded
    }
}

fn bytes(of: &[u8]) -> Value {
    Value::Bytes(of.to_vec())
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}
