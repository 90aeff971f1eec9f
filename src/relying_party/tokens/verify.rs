//! Verifies access tokens.
//!
//! The algorithm, the type, the issuer and the audience come from the config, never from the token. A token with an
//! unknown key may be from a process that shares the directory: see [`TokenCheck`].

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};

use crate::model::fault::{Fault, Refusal};
use crate::relying_party::config::RelyingPartyConfig;
use crate::relying_party::tokens::claims::{ACCESS_TYPE, AccessClaims};
use crate::relying_party::tokens::keys::KeyRing;

/// In bytes.
const MAX_BEARER: usize = 8192;

/// The user of a valid token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserId(pub(crate) String);

impl UserId {
    /// The identifier, as in `user.id`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The result of checking an access token.
#[derive(Debug, PartialEq)]
pub(crate) enum TokenCheck {
    /// It is the user's.
    Valid(UserId),
    /// Its key is not loaded; the directory may have it.
    UnknownKey,
    /// It is invalid.
    Invalid(Refusal),
}

/// Checks an access token with the loaded keys.
pub(crate) fn access_token(bearer: &str, config: &RelyingPartyConfig, ring: &KeyRing, now: i64) -> TokenCheck {
    if bearer.len() > MAX_BEARER {
        return TokenCheck::Invalid(unauthenticated("the bearer is too long"));
    }
    let Ok(header) = decode_header(bearer) else {
        return TokenCheck::Invalid(unauthenticated("the bearer is not a JWT"));
    };
    if header.typ.as_deref() != Some(ACCESS_TYPE) {
        return TokenCheck::Invalid(unauthenticated("the bearer is not an access token"));
    }
    let named = |kid: &str| ring.verifying(now, config.access_lifetime).find(|key| key.kid == kid);
    let Some(key) = header.kid.as_deref().and_then(named) else { return TokenCheck::UnknownKey };
    let key = DecodingKey::from_rsa_raw_components(key.modulus(), key.exponent());
    match decode::<AccessClaims>(bearer, &key, &validation(config)) {
        Ok(token) => TokenCheck::Valid(UserId(token.claims.sub)),
        Err(error) => TokenCheck::Invalid(unauthenticated(reason(error.kind()))),
    }
}

pub(crate) fn unauthenticated(reason: &'static str) -> Refusal {
    Refusal::new(Fault::Unauthenticated, reason)
}

fn validation(config: &RelyingPartyConfig) -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[&config.issuer]);
    validation.set_audience(&[&config.audience]);
    validation.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
    // The same clock issued the token.
    validation.leeway = 0;
    validation
}

/// The library's error kinds are open-ended and may carry values of the token.
fn reason(kind: &jsonwebtoken::errors::ErrorKind) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;
    match kind {
        ErrorKind::ExpiredSignature => "the access token has expired",
        ErrorKind::InvalidSignature => "the access token's signature is invalid",
        ErrorKind::InvalidIssuer => "the access token has another issuer",
        ErrorKind::InvalidAudience => "the access token has another audience",
        _ => "the access token cannot be read",
    }
}
