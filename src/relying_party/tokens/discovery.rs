//! The documents for verifying the tokens: the key set and the discovery document.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::relying_party::tokens::keys::{KeyRing, SigningKey};

/// The key set, as JSON.
pub(crate) fn key_set(ring: &KeyRing, now: i64, lifetime: i64) -> String {
    let keys: Vec<_> = ring.verifying(now, lifetime).map(public_key).collect();
    json!({"keys": keys}).to_string()
}

/// The discovery document of an issuer (OpenID Connect Discovery 1.0, section 3), as JSON. There is no authorization
/// endpoint: users sign in with passkeys, on the dialect's paths.
pub(crate) fn configuration(issuer: &str, scopes: &[String]) -> String {
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    json!({
        "issuer": issuer,
        "jwks_uri": format!("{base}/.well-known/jwks.json"),
        "token_endpoint": format!("{base}/oauth/token"),
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": scopes,
        "claims_supported": ["iss", "sub", "aud", "iat", "exp", "auth_time", "email", "name"],
    })
    .to_string()
}

/// A public key (RFC 7517, RFC 7518 section 6.3.1).
fn public_key(key: &SigningKey) -> Value {
    json!({
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": key.kid,
        "n": URL_SAFE_NO_PAD.encode(key.modulus()),
        "e": URL_SAFE_NO_PAD.encode(key.exponent()),
    })
}
