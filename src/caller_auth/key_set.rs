//! The keys that verify tokens: a JSON Web Key Set (RFC 7517), or one shared key.
//!
//! Keys that cannot be read, are not for signatures, or suit none of the route's algorithms are left
//! out, as RFC 7517 section 5 asks. A shared key never comes from a set: sets are public.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A set holds no more keys than this: a token without a key id may have to be tried with each.
const MAX_KEYS: usize = 64;

/// The algorithms with a public key, which is what a set holds (RFC 7518 section 3.1, RFC 8037 section 3.1).
pub(super) const ASYMMETRIC: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Keys by which a token's signature can be checked.
#[derive(Debug)]
pub(super) struct KeySet(Vec<Key>);

#[derive(Debug)]
struct Key {
    name: Name,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

/// Which key ids (`kid`) a key answers to.
#[derive(Debug)]
enum Name {
    /// To any: there is only one key.
    Any,
    /// To none.
    Unnamed,
    /// To its own.
    Named(String),
}

/// Why a text is no key set. Does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidKeySet {
    #[error("it is no JSON Web Key Set")]
    NoKeySet,
    #[error("it has more than {MAX_KEYS} keys")]
    TooMany,
}

#[derive(Deserialize)]
struct Listed<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

impl KeySet {
    /// Reads a JSON Web Key Set for a route that takes these algorithms.
    pub(super) fn parse(text: &[u8], taken: &[Algorithm]) -> Result<Self, InvalidKeySet> {
        let listed: Listed<'_> = serde_json::from_slice(text).map_err(|_| InvalidKeySet::NoKeySet)?;
        if listed.keys.len() > MAX_KEYS {
            return Err(InvalidKeySet::TooMany);
        }
        // One by one: a key of tomorrow's kind must not take the others with it.
        let keys = listed.keys.iter().filter_map(|key| Key::read(serde_json::from_str(key.get()).ok()?, taken));
        Ok(Self(keys.collect()))
    }

    /// One shared key, for HMAC.
    pub(super) fn shared(secret: &[u8], taken: &[Algorithm]) -> Self {
        let key = DecodingKey::from_secret(secret);
        Self(vec![Key { name: Name::Any, algorithms: taken.to_vec(), key }])
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys a token may be signed with: those of its key id, or without one each that suits.
    pub(super) fn suitable(&self, id: Option<&str>, algorithm: Algorithm) -> impl Iterator<Item = &DecodingKey> {
        let suits = move |key: &&Key| key.name.answers_to(id) && key.algorithms.contains(&algorithm);
        self.0.iter().filter(suits).map(|key| &key.key)
    }
}

impl Key {
    fn read(jwk: Jwk, taken: &[Algorithm]) -> Option<Self> {
        let for_signatures =
            jwk.common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
        let for_checking =
            jwk.common.key_operations.as_ref().is_none_or(|purposes| purposes.contains(&KeyOperations::Verify));
        if !(for_signatures && for_checking) {
            return None;
        }
        let own = jwk.common.key_algorithm;
        let mut algorithms = by_kind(&jwk.algorithm).to_vec();
        algorithms.retain(|algorithm| taken.contains(algorithm) && own.is_none_or(|own| own == (*algorithm).into()));
        if algorithms.is_empty() {
            return None;
        }
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        let name = jwk.common.key_id.map_or(Name::Unnamed, Name::Named);
        Some(Self { name, algorithms, key })
    }
}

impl Name {
    fn answers_to(&self, id: Option<&str>) -> bool {
        match (self, id) {
            (_, None) | (Self::Any, Some(_)) => true,
            (Self::Unnamed, Some(_)) => false,
            (Self::Named(name), Some(id)) => name == id,
        }
    }
}

/// What a key of that type and curve can check (RFC 7518 section 3.1, RFC 8037 section 3.1).
fn by_kind(parameters: &AlgorithmParameters) -> &'static [Algorithm] {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    match parameters {
        AlgorithmParameters::RSA(_) => &[RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => &[ES256],
            EllipticCurve::P384 => &[ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => &[EdDSA],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::caller_auth::testing::Signer;

    fn count(keys: &serde_json::Value, taken: &[Algorithm], id: Option<&str>, algorithm: Algorithm) -> usize {
        let set = KeySet::parse(json!({ "keys": keys }).to_string().as_bytes(), taken).unwrap();
        set.suitable(id, algorithm).count()
    }

    #[test]
    fn a_key_id_selects_and_its_absence_leaves_each_that_suits() {
        let mut unnamed = Signer::es256("");
        unnamed.header.kid = None;
        let keys = json!([Signer::es256("a").jwk(), unnamed.jwk(), Signer::ed("c").jwk()]);
        let taken = [Algorithm::ES256, Algorithm::EdDSA];
        assert_eq!(count(&keys, &taken, Some("a"), Algorithm::ES256), 1);
        assert_eq!(count(&keys, &taken, Some("a"), Algorithm::EdDSA), 0);
        assert_eq!(count(&keys, &taken, Some("A"), Algorithm::ES256), 0);
        assert_eq!(count(&keys, &taken, Some(""), Algorithm::ES256), 0);
        assert_eq!(count(&keys, &taken, None, Algorithm::ES256), 2);
        assert_eq!(count(&keys, &[Algorithm::EdDSA], None, Algorithm::ES256), 0);
    }

    #[test]
    fn what_is_not_for_signatures_or_not_to_be_read_is_left_out() {
        let good = Signer::es256("good").jwk();
        let with = |name: &str, value: serde_json::Value| {
            let mut key = good.clone();
            key[name] = value;
            key
        };
        let keys = json!([
            good,
            with("use", json!("enc")),
            with("key_ops", json!(["sign"])),
            with("alg", json!("ES384")),
            with("alg", json!("unheard of")),
            with("crv", json!("P-384")),
            with("crv", json!("secp256k1")),
            with("kty", json!("unheard of")),
            with("kid", json!(7)),
            with("x", json!("not base64!")),
            "not even an object",
            json!({ "kty": "oct", "k": "c2VjcmV0", "alg": "HS256" }),
        ]);
        let taken = [Algorithm::ES256, Algorithm::HS256];
        assert_eq!(count(&keys, &taken, None, Algorithm::ES256), 1);
        assert_eq!(count(&keys, &taken, None, Algorithm::HS256), 0);
    }

    #[test]
    fn what_is_no_key_set_is_told_apart_from_an_empty_one() {
        for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[]"#] {
            assert_eq!(KeySet::parse(text.as_bytes(), &[]).unwrap_err(), InvalidKeySet::NoKeySet, "{text}");
        }
        assert!(KeySet::parse(br#"{"keys":[],"more":1}"#, &[]).unwrap().is_empty());
        let many = json!({ "keys": vec![json!({}); MAX_KEYS + 1] }).to_string();
        assert_eq!(KeySet::parse(many.as_bytes(), &[]).unwrap_err(), InvalidKeySet::TooMany);
    }
}
