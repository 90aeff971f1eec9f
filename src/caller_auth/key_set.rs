//! The keys that verify tokens: a JSON Web Key Set (RFC 7517), or one shared key.
//!
//! Keys that cannot be parsed, are not for signatures, or do not match an accepted algorithm are ignored, as
//! RFC 7517 section 5 requires. Shared keys in a set are ignored too, because sets are public.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The maximum number of keys in a set: a token without a key id may have to be tried with each.
const MAX_KEYS: usize = 64;

/// The algorithms with a public key (RFC 7518 section 3.1, RFC 8037 section 3.1).
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

/// Keys that verify the signature of a token.
#[derive(Debug)]
pub(super) struct KeySet(Vec<Key>);

#[derive(Debug)]
struct Key {
    name: KeyName,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

/// The key ids (`kid`) that select a key.
#[derive(Debug)]
enum KeyName {
    /// Any: there is only one key.
    Any,
    /// None.
    Unnamed,
    /// Its own.
    Named(String),
}

/// Why a text is not a key set. Never contains the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidKeySet {
    #[error("it is not a JSON Web Key Set")]
    NotAKeySet,
    #[error("it has more than {MAX_KEYS} keys")]
    TooMany,
}

#[derive(Deserialize)]
struct RawKeySet<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

impl KeySet {
    /// Parses a JSON Web Key Set for a route that accepts these algorithms.
    pub(super) fn parse(text: &[u8], accepted: &[Algorithm]) -> Result<Self, InvalidKeySet> {
        let set: RawKeySet<'_> = serde_json::from_slice(text).map_err(|_| InvalidKeySet::NotAKeySet)?;
        if set.keys.len() > MAX_KEYS {
            return Err(InvalidKeySet::TooMany);
        }
        // Parsed one by one, so that an unknown kind of key does not invalidate the others.
        let keys = set.keys.iter().filter_map(|key| Key::read(serde_json::from_str(key.get()).ok()?, accepted));
        Ok(Self(keys.collect()))
    }

    /// One shared key, for HMAC.
    pub(super) fn shared(secret: &[u8], accepted: &[Algorithm]) -> Self {
        let key = DecodingKey::from_secret(secret);
        Self(vec![Key { name: KeyName::Any, algorithms: accepted.to_vec(), key }])
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys that may have signed a token: those with its key id, or all of the algorithm if it has none.
    pub(super) fn suitable(&self, id: Option<&str>, algorithm: Algorithm) -> impl Iterator<Item = &DecodingKey> {
        let suits = move |key: &&Key| key.name.is_selected_by(id) && key.algorithms.contains(&algorithm);
        self.0.iter().filter(suits).map(|key| &key.key)
    }
}

impl Key {
    fn read(jwk: Jwk, accepted: &[Algorithm]) -> Option<Self> {
        let for_signatures =
            jwk.common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
        let for_checking =
            jwk.common.key_operations.as_ref().is_none_or(|purposes| purposes.contains(&KeyOperations::Verify));
        if !(for_signatures && for_checking) {
            return None;
        }
        let own = jwk.common.key_algorithm;
        let mut algorithms = by_kind(&jwk.algorithm).to_vec();
        algorithms.retain(|algorithm| accepted.contains(algorithm) && own.is_none_or(|own| own == (*algorithm).into()));
        if algorithms.is_empty() {
            return None;
        }
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        let name = jwk.common.key_id.map_or(KeyName::Unnamed, KeyName::Named);
        Some(Self { name, algorithms, key })
    }
}

impl KeyName {
    fn is_selected_by(&self, id: Option<&str>) -> bool {
        match (self, id) {
            (_, None) | (Self::Any, Some(_)) => true,
            (Self::Unnamed, Some(_)) => false,
            (Self::Named(name), Some(id)) => name == id,
        }
    }
}

/// The algorithms of a key of that type and curve (RFC 7518 section 3.1, RFC 8037 section 3.1).
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

    fn count(keys: &serde_json::Value, accepted: &[Algorithm], id: Option<&str>, algorithm: Algorithm) -> usize {
        let set = KeySet::parse(json!({ "keys": keys }).to_string().as_bytes(), accepted).unwrap();
        set.suitable(id, algorithm).count()
    }

    #[test]
    fn key_id_selects_and_its_absence_selects_all_of_the_algorithm() {
        let mut unnamed = Signer::es256("");
        unnamed.header.kid = None;
        let keys = json!([Signer::es256("a").jwk(), unnamed.jwk(), Signer::ed("c").jwk()]);
        let accepted = [Algorithm::ES256, Algorithm::EdDSA];
        assert_eq!(count(&keys, &accepted, Some("a"), Algorithm::ES256), 1);
        assert_eq!(count(&keys, &accepted, Some("a"), Algorithm::EdDSA), 0);
        assert_eq!(count(&keys, &accepted, Some("A"), Algorithm::ES256), 0);
        assert_eq!(count(&keys, &accepted, Some(""), Algorithm::ES256), 0);
        assert_eq!(count(&keys, &accepted, None, Algorithm::ES256), 2);
        assert_eq!(count(&keys, &[Algorithm::EdDSA], None, Algorithm::ES256), 0);
    }

    #[test]
    fn unsuitable_and_unreadable_keys_are_ignored() {
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
            with("alg", json!("unknown")),
            with("crv", json!("P-384")),
            with("crv", json!("secp256k1")),
            with("kty", json!("unknown")),
            with("kid", json!(7)),
            with("x", json!("not base64!")),
            "not even an object",
            json!({ "kty": "oct", "k": "c2VjcmV0", "alg": "HS256" }),
        ]);
        let accepted = [Algorithm::ES256, Algorithm::HS256];
        assert_eq!(count(&keys, &accepted, None, Algorithm::ES256), 1);
        assert_eq!(count(&keys, &accepted, None, Algorithm::HS256), 0);
    }

    #[test]
    fn invalid_key_set_differs_from_an_empty_one() {
        for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[]"#] {
            assert_eq!(KeySet::parse(text.as_bytes(), &[]).unwrap_err(), InvalidKeySet::NotAKeySet, "{text}");
        }
        assert!(KeySet::parse(br#"{"keys":[],"more":1}"#, &[]).unwrap().is_empty());
        let many = json!({ "keys": vec![json!({}); MAX_KEYS + 1] }).to_string();
        assert_eq!(KeySet::parse(many.as_bytes(), &[]).unwrap_err(), InvalidKeySet::TooMany);
    }
}
