//! Which keys and algorithms a route takes for its users' tokens, and whether they go together.
//!
//! The two are checked against each other here, once: an algorithm that is listed for a key of
//! another kind is how public keys come to be used as shared secrets.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, AlgorithmFamily};
use secrecy::ExposeSecret as _;

use crate::base::diagnostic::{Diagnostic, nearest};
use crate::base::secret::SecretReference;
use crate::caller_auth::CompileContext;
use crate::caller_auth::fetched_keys::FetchedKeys;
use crate::caller_auth::finding::{Findings, unreadable};
use crate::caller_auth::key_set::{ASYMMETRIC, KeySet};
use crate::caller_auth::settings::JwtSettings;
use crate::upstream::fetch::InvalidDocumentUrl;

const JWT: &str = "callers.user.jwt";
const JWKS: &str = "callers.user.jwt.jwks";
const KEY: &str = "callers.user.jwt.key";
const ALGORITHMS: &str = "callers.user.jwt.algorithms";

/// The algorithms with a shared key; `none` is not among them (RFC 7518 section 3.1).
const SYMMETRIC: [Algorithm; 3] = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];

/// Where the keys come from.
#[derive(Debug)]
pub(super) enum TokenKeys {
    /// The config.
    Fixed(Arc<KeySet>),
    /// Their issuer.
    Fetched(FetchedKeys),
}

/// What `jwks` and `key` say.
#[derive(Clone, Copy)]
enum Given<'a> {
    Public(&'a str),
    Shared(&'a SecretReference),
}

impl TokenKeys {
    /// The keys and the algorithms, or `None` where one of them cannot be used.
    pub(super) fn compile(
        jwt: &JwtSettings,
        context: &CompileContext<'_>,
        findings: &mut Findings,
    ) -> Option<(Self, Vec<Algorithm>)> {
        let given = match (&jwt.jwks, &jwt.key) {
            (Some(jwks), None) => Some(Given::Public(jwks)),
            (None, Some(key)) => Some(Given::Shared(key)),
            (jwks, _) => {
                findings.push(JWT, neither_or_both(jwks.is_some()));
                None
            }
        };
        let taken = algorithms(&jwt.algorithms, given, findings);
        let keys = match given? {
            Given::Public(jwks) => public(jwks, &taken, context, findings),
            Given::Shared(key) => shared(key, &taken, context, findings),
        };
        keys.filter(|_| !taken.is_empty()).map(|keys| (keys, taken))
    }

    /// The best set there is for such a token; `None` without any.
    pub(super) async fn set(&self, id: Option<&str>, algorithm: Algorithm) -> Option<Arc<KeySet>> {
        match self {
            Self::Fixed(set) => Some(set.clone()),
            Self::Fetched(keys) => keys.set(|set| set.suitable(id, algorithm).next().is_some()).await,
        }
    }

    /// Whether there is any set.
    pub(super) async fn are_there(&self) -> bool {
        match self {
            Self::Fixed(_) => true,
            Self::Fetched(keys) => keys.set(|_| true).await.is_some(),
        }
    }
}

fn neither_or_both(both: bool) -> Diagnostic {
    if both {
        let finding = Diagnostic::error("`jwt` has both `jwks` and `key`, and a token is signed with one of them");
        return finding.label("this table").remedy("leave one of them out");
    }
    let remedy = "write `jwks = \"https://...\"` or `jwks = \"file:PATH\"` for public keys, or `key = \"env:NAME\"` for a \
                  shared one";
    Diagnostic::error("`jwt` has neither `jwks` nor `key`, so no signature could be checked")
        .label("this table")
        .remedy(remedy)
}

fn algorithms(names: &[String], given: Option<Given<'_>>, findings: &mut Findings) -> Vec<Algorithm> {
    if names.is_empty() {
        let finding = Diagnostic::error("the list of algorithms is empty, so every token would be refused");
        let remedy = "write the one the issuer signs with, such as `algorithms = [\"RS256\"]`";
        findings.push(ALGORITHMS, finding.label("this list").remedy(remedy));
    }
    let mut taken = Vec::new();
    for name in names {
        match algorithm(name, given) {
            Ok(algorithm) => taken.push(algorithm),
            Err(finding) => findings.push(ALGORITHMS, finding.label("this list")),
        }
    }
    taken
}

fn algorithm(name: &str, given: Option<Given<'_>>) -> Result<Algorithm, Diagnostic> {
    if name.eq_ignore_ascii_case("none") {
        let finding = Diagnostic::error("`none` is no signature: whoever wants could write such a token");
        return Err(finding.remedy("leave `none` out"));
    }
    let Ok(algorithm) = name.parse::<Algorithm>() else {
        let known = [&ASYMMETRIC[..], &SYMMETRIC].concat();
        let known: Vec<_> = known.iter().map(|algorithm| format!("{algorithm:?}")).collect();
        let remedy = match nearest(&name.to_ascii_uppercase(), known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the algorithms are {}", known.join(", ")),
        };
        return Err(Diagnostic::error(format!("`{name}` is no algorithm that is known here")).remedy(remedy));
    };
    match (given, algorithm.family() == AlgorithmFamily::Hmac) {
        (Some(Given::Public(_)), true) => {
            let message = format!("`{name}` needs a shared key, and the keys of `jwks` are public");
            Err(Diagnostic::error(message).remedy(format!("leave `{name}` out, or write `key` in place of `jwks`")))
        }
        (Some(Given::Shared(_)), false) => {
            let message = format!("`{name}` needs a public key, and `key` is a shared one");
            Err(Diagnostic::error(message).remedy(format!("leave `{name}` out, or write `jwks` in place of `key`")))
        }
        (Some(Given::Public(_)), false) | (Some(Given::Shared(_)), true) | (None, _) => Ok(algorithm),
    }
}

fn public(jwks: &str, taken: &[Algorithm], context: &CompileContext<'_>, findings: &mut Findings) -> Option<TokenKeys> {
    let keys = match SecretReference::parse(jwks) {
        Some(file @ SecretReference::File(_)) => from_file(&file, taken, context),
        Some(SecretReference::Environment(_)) | None => from_address(jwks, context),
    };
    keys.map_err(|finding| findings.push(JWKS, finding.label("this key set"))).ok()
}

fn from_file(
    file: &SecretReference,
    taken: &[Algorithm],
    context: &CompileContext<'_>,
) -> Result<TokenKeys, Diagnostic> {
    let text = file.resolve(context.base).map_err(|problem| unreadable("the key set", file, &problem))?;
    let set = KeySet::parse(text.expose_secret().as_bytes(), taken).map_err(|invalid| {
        let remedy = "write the JSON Web Key Set (RFC 7517) that the issuer publishes into it";
        Diagnostic::error(format!("{file} cannot be used: {invalid}")).remedy(remedy)
    })?;
    if set.is_empty() && !taken.is_empty() {
        let names: Vec<_> = taken.iter().map(|algorithm| format!("{algorithm:?}")).collect();
        let message = format!("{file} holds no key that could check {}", names.join(" or "));
        return Err(
            Diagnostic::error(message).remedy("list the algorithms that its keys are for, or take another file")
        );
    }
    Ok(TokenKeys::Fixed(Arc::new(set)))
}

fn from_address(address: &str, context: &CompileContext<'_>) -> Result<TokenKeys, Diagnostic> {
    let keys = context.key_sets.at(address).map_err(|invalid| match invalid {
        InvalidDocumentUrl::NotAUrl | InvalidDocumentUrl::Scheme => {
            Diagnostic::error("`jwks` is neither an https URL, nor http to this machine itself, nor a file")
                .remedy("write `https://...` or `file:PATH`: whoever can change the keys on their way can be any user")
        }
        InvalidDocumentUrl::Credentials => Diagnostic::error("the URL in `jwks` carries a user or a password")
            .remedy("take them out: key sets are public"),
        InvalidDocumentUrl::Tls(invalid) => Diagnostic::error(format!("`jwks` cannot be fetched: {invalid}"))
            .remedy("install certificate authorities, or keep the key set in a file"),
    })?;
    Ok(TokenKeys::Fetched(keys))
}

fn shared(
    key: &SecretReference,
    taken: &[Algorithm],
    context: &CompileContext<'_>,
    findings: &mut Findings,
) -> Option<TokenKeys> {
    let secret = match key.resolve(context.base) {
        Ok(secret) => secret,
        Err(problem) => {
            findings.push(KEY, unreadable("the shared key", key, &problem));
            return None;
        }
    };
    let secret = secret.expose_secret();
    if secret.starts_with("-----BEGIN") {
        let finding = Diagnostic::error(format!("{key} holds a PEM block, and `key` is a shared secret"));
        let remedy =
            "put the public key into a key set and name it in `jwks`: as a shared secret it would let everybody sign";
        findings.push(KEY, finding.label("this reference").remedy(remedy));
        return None;
    }
    let least = taken.iter().map(|algorithm| least_bytes(*algorithm)).max().unwrap_or(0);
    if secret.len() < least {
        let message =
            format!("{key} holds a shared key of fewer than {least} bytes, which can be guessed from one token");
        let remedy =
            "take a longer one where the issuer lets you: as many random bytes as the hash has (RFC 7518 section 3.2)";
        findings.push(KEY, Diagnostic::warning(message).label("this reference").remedy(remedy));
    }
    Some(TokenKeys::Fixed(Arc::new(KeySet::shared(secret.as_bytes(), taken))))
}

/// How long a shared key must be by RFC 7518 section 3.2.
fn least_bytes(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::HS256 => 32,
        Algorithm::HS384 => 48,
        Algorithm::HS512 => 64,
        _ => 0, // not a shared key's
    }
}
