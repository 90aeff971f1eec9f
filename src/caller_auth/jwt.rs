//! Verifies the end user's bearer token: a JSON Web Token (RFC 7519) of the configured issuer.
//!
//! The token's algorithm must be one of the configured ones, and its key id only selects among the configured keys.
//! The reason of a refusal is logged, never the content of a token.

use std::collections::BTreeMap;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use secrecy::{ExposeSecret as _, SecretString};

use crate::base::diagnostic::Diagnostic;
use crate::caller_auth::caller_settings::JwtSettings;
use crate::caller_auth::claims::{Claim, ClaimMapping, RequestValues};
use crate::caller_auth::compile_context::CompileContext;
use crate::caller_auth::finding::Findings;
use crate::caller_auth::token_keys::TokenKeys;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::Value;

/// The tolerated difference of the issuer's clock, in seconds.
const CLOCK_LEEWAY: u64 = 60;
/// The maximum length of a token.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// How tokens are verified.
#[derive(Debug)]
pub(super) struct Jwt {
    /// One for each accepted algorithm.
    validations: Vec<Validation>,
    keys: TokenKeys,
    claims: Vec<ClaimMapping>,
}

/// A presented token that has not been verified yet, with the values of its request.
pub(super) struct PendingToken<'c> {
    jwt: &'c Jwt,
    token: SecretString,
    requested: RequestValues,
}

impl Jwt {
    pub(super) fn compile(
        settings: &JwtSettings,
        context: &CompileContext<'_>,
        findings: &mut Findings,
    ) -> Option<Self> {
        for (name, text) in [("issuer", &settings.issuer), ("audience", &settings.audience)] {
            if text.is_empty() {
                let finding = Diagnostic::error(format!("`{name}` is empty, so every token would be refused"));
                let remedy = format!("write the `{}` of the issuer's tokens", &name[..3]);
                findings.push(format!("callers.user.jwt.{name}"), finding.label("this value").remedy(remedy));
            }
        }
        let claims = ClaimMapping::compile(&settings.claims, findings);
        let (keys, algorithms) = TokenKeys::compile(settings, context, findings)?;
        let validations = algorithms.into_iter().map(|algorithm| validation(algorithm, settings)).collect();
        Some(Self { validations, keys, claims })
    }

    pub(super) fn present(&self, token: &str, request: &dyn Record<'_>) -> PendingToken<'_> {
        PendingToken {
            jwt: self,
            token: SecretString::from(token),
            requested: RequestValues::of(request, &self.claims),
        }
    }

    pub(super) fn members(&self) -> impl Iterator<Item = Member> {
        self.claims.iter().map(ClaimMapping::member)
    }

    pub(super) async fn is_ready(&self) -> bool {
        self.keys.are_available().await
    }
}

/// One algorithm each: the library accepts a list only within one family.
fn validation(algorithm: Algorithm, settings: &JwtSettings) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.set_issuer(&[&settings.issuer]);
    validation.set_audience(&[&settings.audience]);
    validation.validate_nbf = true;
    validation.leeway = CLOCK_LEEWAY;
    validation
}

impl PendingToken<'_> {
    /// Verifies the token and returns the members that its claims give.
    pub(super) async fn verify(self) -> Result<Vec<(Member, Value<'static>)>, Refusal> {
        let token = self.token.expose_secret();
        let (header, validation) = self.head(token)?;
        let id = header.kid.as_deref();
        let set = self
            .jwt
            .keys
            .set(id, header.alg)
            .await
            .ok_or_else(|| Refusal::new(Fault::Internal, "the key set for user tokens cannot be fetched"))?;
        let claims = verified(token, set.suitable(id, header.alg), validation)?;
        self.requested.check(&self.jwt.claims, &claims)
    }

    fn head(&self, token: &str) -> Result<(Header, &Validation), Refusal> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Refusal::unauthenticated("the bearer token is too long"));
        }
        let header = decode_header(token).map_err(|_| {
            Refusal::unauthenticated("the bearer token is not a signed JSON Web Token of a known algorithm")
        })?;
        // RFC 7515 section 4.1.11: a critical extension that is not supported makes the token invalid.
        if header.crit.is_some() {
            return Err(Refusal::unauthenticated("the token's header has `crit`, and no extension is supported"));
        }
        match self.jwt.validations.iter().find(|validation| validation.algorithms.contains(&header.alg)) {
            Some(validation) => Ok((header, validation)),
            None => Err(Refusal::unauthenticated("the token is signed with an algorithm that is not configured")),
        }
    }
}

fn verified<'k>(
    token: &str,
    keys: impl Iterator<Item = &'k DecodingKey>,
    validation: &Validation,
) -> Result<BTreeMap<String, Claim>, Refusal> {
    let mut refusal = Refusal::unauthenticated("the token's key is not in the key set");
    for key in keys {
        match decode::<BTreeMap<String, Claim>>(token, key, validation) {
            Ok(decoded) => return of_one_issuer(decoded.claims),
            Err(error) => refusal = Refusal::unauthenticated(reason(error.kind())),
        }
    }
    Err(refusal)
}

/// The library also accepts a list of issuers; RFC 7519 section 4.1.1 allows only one.
fn of_one_issuer(claims: BTreeMap<String, Claim>) -> Result<BTreeMap<String, Claim>, Refusal> {
    match claims.get("iss") {
        Some(Claim::Text(_)) => Ok(claims),
        Some(Claim::Number(_) | Claim::Other(_)) | None => {
            Err(Refusal::unauthenticated("the token's `iss` is not a string"))
        }
    }
}

/// Why a token was refused, without any content of the token.
fn reason(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::InvalidSignature => "the token's signature is wrong".to_owned(),
        ErrorKind::ExpiredSignature => "the token has expired".to_owned(),
        ErrorKind::ImmatureSignature => "the token is not valid yet".to_owned(),
        ErrorKind::InvalidIssuer => "the token is from another issuer".to_owned(),
        ErrorKind::InvalidAudience => "the token is for another audience".to_owned(),
        ErrorKind::MissingRequiredClaim(claim) => format!("the token's claim `{claim}` is missing or malformed"),
        ErrorKind::InvalidClaimFormat(claim) => format!("the token's claim `{claim}` is malformed"),
        // The other errors are about unreadable tokens and keys; some contain parts of them.
        _ => "the token cannot be parsed".to_owned(),
    }
}
