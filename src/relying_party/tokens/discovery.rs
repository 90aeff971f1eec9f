//! What others need in order to check our tokens: the key set, and where it is.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::relying_party::tokens::keys::{KeyRing, SigningKey};

#[derive(Serialize)]
struct KeySet<'a> {
    keys: Vec<Key<'a>>,
}

/// A public key (RFC 7517, RFC 7518 section 6.3.1).
#[derive(Serialize)]
struct Key<'a> {
    kty: &'a str,
    r#use: &'a str,
    alg: &'a str,
    kid: &'a str,
    n: String,
    e: String,
}

/// OpenID Connect Discovery 1.0, section 3. There is no authorization endpoint to name: users sign in
/// with passkeys, on the dialects' own paths.
#[derive(Serialize)]
struct Configuration<'a> {
    issuer: &'a str,
    jwks_uri: String,
    token_endpoint: String,
    response_types_supported: [&'a str; 1],
    subject_types_supported: [&'a str; 1],
    id_token_signing_alg_values_supported: [&'a str; 1],
    scopes_supported: &'a [String],
    claims_supported: [&'a str; 8],
}

/// The key set, as JSON.
pub(crate) fn key_set(ring: &KeyRing, now: i64, lifetime: i64) -> String {
    json(&KeySet { keys: ring.verifying(now, lifetime).map(public_key).collect() })
}

/// The discovery document of an issuer, as JSON.
pub(crate) fn configuration(issuer: &str, scopes: &[String]) -> String {
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    json(&Configuration {
        issuer,
        jwks_uri: format!("{base}/.well-known/jwks.json"),
        token_endpoint: format!("{base}/oauth/token"),
        response_types_supported: ["token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
        scopes_supported: scopes,
        claims_supported: ["iss", "sub", "aud", "iat", "exp", "auth_time", "email", "name"],
    })
}

fn public_key(key: &SigningKey) -> Key<'_> {
    Key {
        kty: "RSA",
        r#use: "sig",
        alg: "RS256",
        kid: &key.kid,
        n: URL_SAFE_NO_PAD.encode(key.modulus()),
        e: URL_SAFE_NO_PAD.encode(key.exponent()),
    }
}

fn json(document: &impl Serialize) -> String {
    serde_json::to_string(document).expect("structs of texts are always JSON")
}
