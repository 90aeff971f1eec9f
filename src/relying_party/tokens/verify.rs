//! Whose token is it?
//!
//! The algorithm, the type, the issuer and the audience are ours to say, never the token's. A token
//! whose key is unknown here may be from a process that shares the directory: see `Verdict`.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};

use crate::model::fault::{Fault, Refusal};
use crate::relying_party::config::RelyingPartyConfig;
use crate::relying_party::tokens::claims::{ACCESS_TYPE, AccessClaims};
use crate::relying_party::tokens::keys::KeyRing;

/// The longest bearer that is looked at, in bytes.
const MAX_BEARER: usize = 8192;

/// A user of the directory, proven by a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserId(pub(crate) String);

impl UserId {
    /// The identifier, as in `user.id`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a look at an access token says.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It is good.
    Of(UserId),
    /// No key of that name is known: the directory may have it.
    UnknownKey,
    /// It is not good.
    Refused(Refusal),
}

/// Judges an access token with the keys at hand.
pub(crate) fn access_token(bearer: &str, party: &RelyingPartyConfig, ring: &KeyRing, now: i64) -> Verdict {
    if bearer.len() > MAX_BEARER {
        return Verdict::Refused(unauthenticated("the bearer is too long"));
    }
    let Ok(header) = decode_header(bearer) else {
        return Verdict::Refused(unauthenticated("the bearer is no token of ours"));
    };
    if header.typ.as_deref() != Some(ACCESS_TYPE) {
        return Verdict::Refused(unauthenticated("the bearer is no access token of ours"));
    }
    let named = |kid: &str| ring.verifying(now, party.access_lifetime).find(|key| key.kid == kid);
    let Some(key) = header.kid.as_deref().and_then(named) else { return Verdict::UnknownKey };
    let key = DecodingKey::from_rsa_raw_components(key.modulus(), key.exponent());
    match decode::<AccessClaims>(bearer, &key, &validation(party)) {
        Ok(token) => Verdict::Of(UserId(token.claims.sub)),
        Err(error) => Verdict::Refused(unauthenticated(reason(error.kind()))),
    }
}

pub(crate) fn unauthenticated(reason: &'static str) -> Refusal {
    Refusal::new(Fault::Unauthenticated, reason)
}

fn validation(party: &RelyingPartyConfig) -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[&party.issuer]);
    validation.set_audience(&[&party.audience]);
    validation.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
    // Our own clock wrote the time that it is compared with.
    validation.leeway = 0;
    validation
}

/// The library's error kinds are open-ended and may carry what they read: only the place is kept.
fn reason(kind: &jsonwebtoken::errors::ErrorKind) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;
    match kind {
        ErrorKind::ExpiredSignature => "the access token has expired",
        ErrorKind::InvalidSignature => "the access token's signature does not hold",
        ErrorKind::InvalidIssuer => "the access token is of another issuer",
        ErrorKind::InvalidAudience => "the access token is for another audience",
        _ => "the access token cannot be read",
    }
}
