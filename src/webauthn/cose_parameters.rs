//! The parameters of a COSE_Key.
//!
//! A duplicate label, an unexpected parameter and a missing one are errors of their own.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents, VerificationAlgorithm,
};
use ciborium::Value;
use thiserror::Error;

use crate::webauthn::algorithm::Algorithm;
use crate::webauthn::cbor::{self, InvalidCbor};

/// The sizes that the RSA verifier accepts. It checks them only at the sign-in.
const RSA_MODULUS_BITS: RangeInclusive<usize> = 2048..=8192;
/// The verifier limits the exponent too. Usual ones have three bytes.
const MAX_RSA_EXPONENT_LENGTH: usize = 4;

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
    pub(super) fn into_public_key(mut self, algorithm: Algorithm) -> Result<ParsedPublicKey, InvalidCoseKey> {
        let key = match algorithm {
            Algorithm::Es256 => self.ec2(CRV_P256, 32, &ECDSA_P256_SHA256_ASN1)?,
            Algorithm::Es384 => self.ec2(CRV_P384, 48, &ECDSA_P384_SHA384_ASN1)?,
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

    fn ec2(
        &mut self,
        curve: i64,
        coordinate: usize,
        verification: &'static dyn VerificationAlgorithm,
    ) -> Result<ParsedPublicKey, InvalidCoseKey> {
        self.require(KTY, KTY_EC2)?;
        self.require(CRV, curve)?;
        let x = self.fixed_bytes(X, coordinate)?;
        let y = self.fixed_bytes(Y, coordinate)?;
        let uncompressed = [&[0x04], x.as_slice(), &y].concat();
        ParsedPublicKey::new(verification, uncompressed).map_err(|_| InvalidCoseKey::InvalidKey)
    }

    fn ed25519(&mut self) -> Result<ParsedPublicKey, InvalidCoseKey> {
        self.require(KTY, KTY_OKP)?;
        self.require(CRV, CRV_ED25519)?;
        let x = self.fixed_bytes(X, 32)?;
        ParsedPublicKey::new(&ED25519, x).map_err(|_| InvalidCoseKey::InvalidKey)
    }

    fn rsa(&mut self) -> Result<ParsedPublicKey, InvalidCoseKey> {
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
        RsaPublicKeyComponents { n, e }
            .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            .map_err(|_| InvalidCoseKey::InvalidKey)
    }
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}
