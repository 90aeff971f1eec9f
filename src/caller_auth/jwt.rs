//! The end user's bearer token, verified: a JSON Web Token (RFC 7519) of the route's issuer.
//!
//! What the token says of itself decides nothing: its algorithm must be one of the config's, its key
//! id only selects among the config's keys. The log reads why a token was refused, never what is in it.

use std::collections::BTreeMap;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use secrecy::{ExposeSecret as _, SecretString};

use crate::base::diagnostic::Diagnostic;
use crate::caller_auth::claims::{Claim, Mapping, Said};
use crate::caller_auth::finding::Findings;
use crate::caller_auth::settings::JwtSettings;
use crate::caller_auth::token_keys::TokenKeys;
use crate::caller_auth::{CompileContext, unauthenticated};
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::Value;

/// How far the issuer's clock may be off, in seconds.
const LEEWAY: u64 = 60;
/// A token is not longer than this, in bytes.
const MAX_TOKEN: usize = 16 * 1024;

/// How tokens are verified.
#[derive(Debug)]
pub(super) struct Jwt {
    /// One for each algorithm that is taken.
    validations: Vec<Validation>,
    keys: TokenKeys,
    claims: Vec<Mapping>,
}

/// A token that was presented, and what its request says of the user; waits for nothing yet.
pub(super) struct Presented<'c> {
    jwt: &'c Jwt,
    token: SecretString,
    said: Said,
}

// ===== impl Jwt =====

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
        let claims = Mapping::compile(&settings.claims, findings);
        let (keys, taken) = TokenKeys::compile(settings, context, findings)?;
        let validations = taken.into_iter().map(|algorithm| validation(algorithm, settings)).collect();
        Some(Self { validations, keys, claims })
    }

    pub(super) fn present(&self, token: &str, request: &dyn Record<'_>) -> Presented<'_> {
        Presented { jwt: self, token: SecretString::from(token), said: Said::by(request, &self.claims) }
    }

    pub(super) fn members(&self) -> impl Iterator<Item = Member> {
        self.claims.iter().map(Mapping::member)
    }

    pub(super) async fn is_ready(&self) -> bool {
        self.keys.are_there().await
    }
}

/// One algorithm each: the library takes a list only of one family.
fn validation(algorithm: Algorithm, settings: &JwtSettings) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.set_issuer(&[&settings.issuer]);
    validation.set_audience(&[&settings.audience]);
    validation.validate_nbf = true;
    validation.leeway = LEEWAY;
    validation
}

// ===== impl Presented =====

impl Presented<'_> {
    /// The members that the token gives, once it is verified.
    pub(super) async fn verify(self) -> Result<Vec<(Member, Value<'static>)>, Refusal> {
        let token = self.token.expose_secret();
        let (header, validation) = self.head(token)?;
        let id = header.kid.as_deref();
        let set = self.jwt.keys.set(id, header.alg).await.ok_or_else(|| {
            Refusal::new(Fault::Internal, "there is no key set to verify user tokens with: it cannot be fetched")
        })?;
        let claims = verified(token, set.suitable(id, header.alg), validation)?;
        self.said.settle(&self.jwt.claims, &claims)
    }

    fn head(&self, token: &str) -> Result<(Header, &Validation), Refusal> {
        if token.len() > MAX_TOKEN {
            return Err(unauthenticated("the bearer token is too long"));
        }
        let header = decode_header(token)
            .map_err(|_| unauthenticated("the bearer token is no signed JSON Web Token of a known algorithm"))?;
        // RFC 7515 section 4.1.11: what must be understood and is not makes the token invalid.
        if header.crit.is_some() {
            return Err(unauthenticated("the token's header has `crit`, and no extension is known here"));
        }
        match self.jwt.validations.iter().find(|validation| validation.algorithms.contains(&header.alg)) {
            Some(validation) => Ok((header, validation)),
            None => Err(unauthenticated("the token is signed with an algorithm that the route does not take")),
        }
    }
}

fn verified<'k>(
    token: &str,
    keys: impl Iterator<Item = &'k DecodingKey>,
    validation: &Validation,
) -> Result<BTreeMap<String, Claim>, Refusal> {
    let mut refusal = unauthenticated("the token's key is not in the key set");
    for key in keys {
        match decode::<BTreeMap<String, Claim>>(token, key, validation) {
            Ok(decoded) => return of_one_issuer(decoded.claims),
            Err(error) => refusal = unauthenticated(reason(error.kind())),
        }
    }
    Err(refusal)
}

/// The library also takes a list of issuers; RFC 7519 section 4.1.1 knows one.
fn of_one_issuer(claims: BTreeMap<String, Claim>) -> Result<BTreeMap<String, Claim>, Refusal> {
    match claims.get("iss") {
        Some(Claim::Text(_)) => Ok(claims),
        Some(Claim::Number(_) | Claim::Other(_)) | None => Err(unauthenticated("the token's `iss` is no text")),
    }
}

/// Why a token was refused, without anything of the token.
fn reason(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::InvalidSignature => "the token's signature is wrong".to_owned(),
        ErrorKind::ExpiredSignature => "the token has expired".to_owned(),
        ErrorKind::ImmatureSignature => "the token is not valid yet".to_owned(),
        ErrorKind::InvalidIssuer => "the token is of another issuer".to_owned(),
        ErrorKind::InvalidAudience => "the token is for another audience".to_owned(),
        ErrorKind::MissingRequiredClaim(claim) => format!("the token's claim `{claim}` is absent or malformed"),
        ErrorKind::InvalidClaimFormat(claim) => format!("the token's claim `{claim}` is malformed"),
        // The library's other kinds speak of tokens and keys that cannot be read; some hold parts of them.
        _ => "the token cannot be read".to_owned(),
    }
}
