//! Which public keys an ES256 signature can be of (SEC 1, section 4.1.6).
//!
//! A signature and its message leave two candidates, in rare cases up to four; a second signature by the same key
//! decides. Each candidate is checked with the verifier of another library. A signature of another algorithm (Ed25519's
//! is 64 bytes and not DER, RSA's as long as the modulus) leaves none.

use aws_lc_rs::digest::{SHA256, digest};
use p256::ecdsa::{RecoveryId, Signature, VerifyingKey};

use crate::webauthn::algorithm::Algorithm;
use crate::webauthn::cose_key::CoseKey;

/// Of one signature: two points for each of `r` and `r + n`, where that is a coordinate.
pub const MAX_CANDIDATES: usize = 4;

/// The ES256 keys that may have made `signature`, in DER, of `message`.
#[must_use]
pub fn candidates(message: &[u8], signature: &[u8]) -> Vec<CoseKey> {
    let Ok(parsed) = Signature::from_der(signature) else { return Vec::new() };
    let hash = digest(&SHA256, message);
    let mut keys: Vec<CoseKey> = Vec::with_capacity(2);
    for id in (0..=RecoveryId::MAX).filter_map(RecoveryId::from_byte) {
        let recovered = VerifyingKey::recover_from_prehash(hash.as_ref(), &parsed, id);
        let key = recovered.ok().and_then(|key| cose_key(&key)).filter(|key| key.verifies(message, signature));
        keys.extend(key.filter(|key| !keys.contains(key)));
    }
    keys
}

/// Those of `keys` that also made this signature of `message`.
#[must_use]
pub fn narrow(keys: Vec<CoseKey>, message: &[u8], signature: &[u8]) -> Vec<CoseKey> {
    keys.into_iter().filter(|key| key.algorithm() == Algorithm::Es256 && key.verifies(message, signature)).collect()
}

fn cose_key(key: &VerifyingKey) -> Option<CoseKey> {
    CoseKey::es256(key.to_sec1_point(false).as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use std::thread;

    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        RSA_PKCS1_SHA256, RsaKeyPair,
    };
    use proptest::prelude::*;

    use super::*;

    fn pair() -> EcdsaKeyPair {
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()
    }

    fn sign(pair: &EcdsaKeyPair, message: &[u8]) -> Vec<u8> {
        pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
    }

    fn key_of(pair: &EcdsaKeyPair) -> CoseKey {
        CoseKey::es256(pair.public_key().as_ref()).unwrap()
    }

    /// The first signature leaves two keys, the next one leaves one. A signature by another key, in any position,
    /// leaves none.
    fn two_signatures_decide(number: usize) {
        let (pair, other) = (pair(), pair());
        let messages = [format!("first {number}"), format!("second {number}")];
        let [first, second] = messages.each_ref().map(|message| sign(&pair, message.as_bytes()));
        let [one, two] = messages.each_ref().map(String::as_bytes);
        let left = candidates(one, &first);
        assert!(left.len() == 2 && left.contains(&key_of(&pair)), "{number}: {}", left.len());
        assert_eq!(narrow(left.clone(), two, &sign(&other, two)), [], "{number}: a wrong second signature");
        assert_eq!(narrow(left.clone(), two, &first), [], "{number}: the first signature, for another message");
        assert_eq!(narrow(left, two, &second), [key_of(&pair)], "{number}");
    }

    fn decide_for(keys: usize) {
        let threads = thread::available_parallelism().unwrap().get();
        thread::scope(|scope| {
            for first in 0..threads {
                scope.spawn(move || (first..keys).step_by(threads).for_each(two_signatures_decide));
            }
        });
    }

    #[test]
    fn two_signatures_decide_for_five_hundred_keys() {
        decide_for(500);
    }

    #[test]
    #[ignore = "it takes minutes without optimisation"]
    fn two_signatures_decide_for_ten_thousand_keys() {
        decide_for(10_000);
    }

    /// An integer of 32 bytes in DER.
    fn integer(bytes: &[u8]) -> Vec<u8> {
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        let sign = if bytes[zeros] >= 0x80 { &[0][..] } else { &[] };
        let length = u8::try_from(sign.len() + bytes.len() - zeros).unwrap();
        [&[2, length], sign, &bytes[zeros..]].concat()
    }

    #[test]
    fn small_r_leaves_up_to_four_keys() {
        // Below p - n, about 2^128, r may be the coordinate r or r + n. No signer produces that by chance, but a small
        // r with any s is a signature by each key that is computed from it.
        let mut found = Vec::new();
        for r in 1..=64_u8 {
            let (mut small, mut any) = ([0; 32], [0x55; 32]);
            small[31] = r;
            any[0] = r;
            let body = [integer(&small), integer(&any)].concat();
            let signature = [&[0x30, u8::try_from(body.len()).unwrap()], body.as_slice()].concat();
            let keys = candidates(b"message", &signature);
            assert_eq!(narrow(keys.clone(), b"message", &signature), keys);
            assert_eq!(narrow(keys.clone(), b"another", &signature), []);
            assert!(keys.iter().all(|key| keys.iter().filter(|other| *other == key).count() == 1));
            found.push(keys.len());
        }
        assert!([0, 2, MAX_CANDIDATES].iter().all(|count| found.contains(count)), "{found:?}");
        assert!(found.iter().all(|count| [0, 2, MAX_CANDIDATES].contains(count)), "{found:?}");
    }

    #[test]
    fn signatures_of_other_algorithms_leave_no_key() {
        let ed25519 = Ed25519KeyPair::generate().unwrap();
        assert_eq!(candidates(b"message", ed25519.sign(b"message").as_ref()), []);
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let mut signature = vec![0; rsa.public_modulus_len()];
        rsa.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), b"message", &mut signature).unwrap();
        assert_eq!(candidates(b"message", &signature), []);
        let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).unwrap();
        assert_eq!(candidates(b"message", &sign(&p384, b"message")), []);
    }

    #[test]
    fn only_der_of_numbers_in_range_is_a_signature() {
        let order = b"\xFF\xFF\xFF\xFF\x00\x00\x00\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\
            \xBC\xE6\xFA\xAD\xA7\x17\x9E\x84\xF3\xB9\xCA\xC2\xFC\x63\x25\x51";
        let der = |r: &[u8], s: &[u8]| {
            let body = [r, s].concat();
            [&[0x30, u8::try_from(body.len()).unwrap()], body.as_slice()].concat()
        };
        let (zero, five) = ([2, 1, 0], integer(&[5]));
        for signature in [
            der(&zero, &five),
            der(&five, &zero),
            der(&integer(order), &five),
            der(&five, &integer(order)),
            der(&[2, 1, 0x85], &five),
            der(&[2, 2, 0, 5], &five),
            [der(&five, &five), vec![0]].concat(),
            Vec::new(),
        ] {
            assert_eq!(candidates(b"message", &signature), [], "{signature:?}");
        }
        assert_ne!(candidates(b"message", &der(&five, &five)), []);
    }

    proptest! {
        #[test]
        fn never_panics(message in any::<[u8; 4]>(), signature in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = candidates(&message, &signature);
        }
    }
}
