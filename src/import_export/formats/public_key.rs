//! Public keys as a COSE_Key, as a SubjectPublicKeyInfo (RFC 5280), or as parameters.
//!
//! Every key that is read becomes a [`CoseKey`], so that it can verify signatures.

use crate::webauthn::cose_key::{CoseKey, KeyParameters};

// Object identifiers of RFC 5480, RFC 8410 and RFC 3279, without tag and length.
const EC: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
const P256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2B, 0x81, 0x04, 0x00, 0x22];
const ED25519: &[u8] = &[0x2B, 0x65, 0x70];
const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const NULL: u8 = 0x05;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

impl KeyParameters {
    /// Reads a SubjectPublicKeyInfo.
    pub(super) fn from_spki(mut der: &[u8]) -> Option<Self> {
        let mut info = take(&mut der, SEQUENCE)?;
        let mut algorithm = take(&mut info, SEQUENCE)?;
        let kind = take(&mut algorithm, OID)?;
        let (unused, key) = take(&mut info, BIT_STRING)?.split_first()?;
        if !der.is_empty() || !info.is_empty() || *unused != 0 {
            return None;
        }
        match kind {
            EC => {
                let curve = take(&mut algorithm, OID)?;
                let (x, y) = key.strip_prefix(&[4]).map(|point| point.split_at(point.len() / 2))?;
                let (x, y) = (x.to_vec(), y.to_vec());
                match curve {
                    P256 => Some(Self::P256 { x, y }),
                    P384 => Some(Self::P384 { x, y }),
                    _ => None,
                }
            }
            ED25519 => Some(Self::Ed25519 { x: key.to_vec() }),
            RSA => {
                let mut key = key;
                let mut numbers = take(&mut key, SEQUENCE)?;
                let number = |numbers: &mut &[u8]| {
                    take(numbers, INTEGER).map(|number| number.strip_prefix(&[0]).unwrap_or(number).to_vec())
                };
                Some(Self::Rsa { n: number(&mut numbers)?, e: number(&mut numbers)? })
            }
            _ => None,
        }
    }

    /// Writes a SubjectPublicKeyInfo.
    pub(super) fn to_spki(&self) -> Vec<u8> {
        let ec = |curve, x: &[u8], y: &[u8]| ([tlv(OID, EC), tlv(OID, curve)].concat(), [&[4], x, y].concat());
        let (algorithm, key) = match self {
            Self::P256 { x, y } => ec(P256, x, y),
            Self::P384 { x, y } => ec(P384, x, y),
            Self::Ed25519 { x } => (tlv(OID, ED25519), x.clone()),
            Self::Rsa { n, e } => {
                let numbers = [unsigned(n), unsigned(e)].concat();
                ([tlv(OID, RSA), tlv(NULL, &[])].concat(), tlv(SEQUENCE, &numbers))
            }
        };
        let key = [&[0], key.as_slice()].concat();
        tlv(SEQUENCE, &[tlv(SEQUENCE, &algorithm), tlv(BIT_STRING, &key)].concat())
    }
}

/// A key as a COSE_Key, a SubjectPublicKeyInfo, or an uncompressed point on P-256.
pub(super) fn read_any(bytes: &[u8]) -> Option<CoseKey> {
    let spki = || KeyParameters::from_spki(bytes).and_then(|parameters| CoseKey::from_parameters(&parameters).ok());
    CoseKey::parse(bytes).ok().or_else(spki).or_else(|| CoseKey::es256(bytes).ok())
}

fn take<'a>(input: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let [found, first, rest @ ..] = *input else { return None };
    let (length, rest) = match *first {
        short @ 0..=0x7F => (usize::from(short), rest),
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), &rest[2..]),
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    *input = rest;
    (*found == tag).then_some(content)
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("a key is short");
    let [high, low] = length.to_be_bytes();
    let length = match length {
        0..=0x7F => vec![low],
        0x80..=0xFF => vec![0x81, low],
        0x100.. => vec![0x82, high, low],
    };
    [&[tag], length.as_slice(), content].concat()
}

fn unsigned(number: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if number.first().is_some_and(|first| *first >= 0x80) { &[0] } else { &[] };
    tlv(INTEGER, &[sign, number].concat())
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        RsaKeyPair,
    };
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_of_every_kind_match_another_library() {
        let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).unwrap();
        let ed25519 = Ed25519KeyPair::generate().unwrap();
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let spki: [Vec<u8>; 4] = [
            p256.public_key().as_der().unwrap().as_ref().to_vec(),
            p384.public_key().as_der().unwrap().as_ref().to_vec(),
            ed25519.public_key().as_der().unwrap().as_ref().to_vec(),
            rsa.public_key().as_der().unwrap().as_ref().to_vec(),
        ];
        for der in spki {
            let numbers = KeyParameters::from_spki(&der).unwrap();
            assert_eq!(numbers.to_spki(), der);
            let key = CoseKey::from_parameters(&numbers).unwrap();
            assert_eq!(key.parameters(), numbers);
            assert_eq!(read_any(&der), Some(key.clone()));
            assert_eq!(read_any(key.as_bytes()), Some(key));
            for length in 0..der.len() {
                assert_eq!(read_any(&der[..length]), None, "{length}");
            }
        }
        let point = p256.public_key().as_ref();
        assert_eq!(read_any(point), CoseKey::es256(point).ok());
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = read_any(&bytes);
            let _ = KeyParameters::from_spki(&bytes);
        }
    }
}
