//! The keys and algorithms for user tokens, and the check that they match.
//!
//! An algorithm listed for a key of another type would let a public key be used as a shared secret.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, AlgorithmFamily};
use secrecy::ExposeSecret as _;

use crate::base::diagnostic::Diagnostic;
use crate::base::secret::SecretReference;
use crate::base::similar_name::did_you_mean;
use crate::caller_auth::caller_settings::JwtSettings;
use crate::caller_auth::compile_context::CompileContext;
use crate::caller_auth::fetched_keys::FetchedKeys;
use crate::caller_auth::finding::{Findings, unreadable};
use crate::caller_auth::key_set::{ASYMMETRIC, KeySet};
use crate::upstream::fetch::InvalidDocumentUrl;

const JWT: &str = "callers.user.jwt";
const JWKS: &str = "callers.user.jwt.jwks";
const KEY: &str = "callers.user.jwt.key";
const ALGORITHMS: &str = "callers.user.jwt.algorithms";

/// The algorithms with a shared key (RFC 7518 section 3.1), without `none`.
const SYMMETRIC: [Algorithm; 3] = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];

/// The source of the keys.
#[derive(Debug)]
pub(super) enum TokenKeys {
    /// From the config.
    Fixed(Arc<KeySet>),
    /// From the issuer.
    Fetched(FetchedKeys),
}

/// The configured key: `jwks` or `key`.
#[derive(Clone, Copy)]
enum ConfiguredKey<'a> {
    Public(&'a str),
    Shared(&'a SecretReference),
}

impl TokenKeys {
    /// The keys and the algorithms; `None` after an error.
    pub(super) fn compile(
        jwt: &JwtSettings,
        context: &CompileContext<'_>,
        findings: &mut Findings,
    ) -> Option<(Self, Vec<Algorithm>)> {
        let key_source = match (&jwt.jwks, &jwt.key) {
            (Some(jwks), None) => Some(ConfiguredKey::Public(jwks)),
            (None, Some(key)) => Some(ConfiguredKey::Shared(key)),
            (jwks, _) => {
                findings.push(JWT, neither_or_both(jwks.is_some()));
                None
            }
        };
        let accepted = algorithms(&jwt.algorithms, key_source, findings);
        let keys = match key_source? {
            ConfiguredKey::Public(jwks) => public(jwks, &accepted, context, findings),
            ConfiguredKey::Shared(key) => shared(key, &accepted, context, findings),
        };
        keys.filter(|_| !accepted.is_empty()).map(|keys| (keys, accepted))
    }

    /// The best available set for such a token.
    pub(super) async fn set(&self, id: Option<&str>, algorithm: Algorithm) -> Option<Arc<KeySet>> {
        match self {
            Self::Fixed(set) => Some(set.clone()),
            Self::Fetched(keys) => keys.set(|set| set.suitable(id, algorithm).next().is_some()).await,
        }
    }

    /// Whether a set is available.
    pub(super) async fn are_available(&self) -> bool {
        match self {
            Self::Fixed(_) => true,
            Self::Fetched(keys) => keys.set(|_| true).await.is_some(),
        }
    }
}

fn neither_or_both(both: bool) -> Diagnostic {
    if both {
        let finding = Diagnostic::error("`jwt` has both `jwks` and `key`");
        return finding.label("this table").remedy("remove one of them");
    }
    let remedy = "write `jwks = \"https://...\"` or `jwks = \"file:PATH\"` for public keys, or `key = \"env:NAME\"` for a \
                  shared one";
    Diagnostic::error("`jwt` has neither `jwks` nor `key`").label("this table").remedy(remedy)
}

fn algorithms(names: &[String], key_source: Option<ConfiguredKey<'_>>, findings: &mut Findings) -> Vec<Algorithm> {
    if names.is_empty() {
        let finding = Diagnostic::error("`algorithms` is empty, so every token would be refused");
        let remedy = "write the algorithm that the issuer uses, such as `algorithms = [\"RS256\"]`";
        findings.push(ALGORITHMS, finding.label("this list").remedy(remedy));
    }
    let mut accepted = Vec::new();
    for name in names {
        match algorithm(name, key_source) {
            Ok(algorithm) => accepted.push(algorithm),
            Err(finding) => findings.push(ALGORITHMS, finding.label("this list")),
        }
    }
    accepted
}

fn algorithm(name: &str, key_source: Option<ConfiguredKey<'_>>) -> Result<Algorithm, Diagnostic> {
    if name.eq_ignore_ascii_case("none") {
        let finding = Diagnostic::error("`none` would accept tokens without a signature");
        return Err(finding.remedy("remove `none`"));
    }
    let Ok(algorithm) = name.parse::<Algorithm>() else {
        let known = [&ASYMMETRIC[..], &SYMMETRIC].concat();
        let known: Vec<_> = known.iter().map(|algorithm| format!("{algorithm:?}")).collect();
        let remedy = did_you_mean(&name.to_ascii_uppercase(), known.iter().map(String::as_str), "the algorithms are");
        return Err(Diagnostic::error(format!("unknown algorithm `{name}`")).remedy(remedy));
    };
    match (key_source, algorithm.family() == AlgorithmFamily::Hmac) {
        (Some(ConfiguredKey::Public(_)), true) => {
            let message = format!("`{name}` needs a shared key, but the keys of `jwks` are public");
            Err(Diagnostic::error(message).remedy(format!("remove `{name}`, or use `key` instead of `jwks`")))
        }
        (Some(ConfiguredKey::Shared(_)), false) => {
            let message = format!("`{name}` needs a public key, but `key` is a shared key");
            Err(Diagnostic::error(message).remedy(format!("remove `{name}`, or use `jwks` instead of `key`")))
        }
        (Some(ConfiguredKey::Public(_)), false) | (Some(ConfiguredKey::Shared(_)), true) | (None, _) => Ok(algorithm),
    }
}

fn public(
    jwks: &str,
    accepted: &[Algorithm],
    context: &CompileContext<'_>,
    findings: &mut Findings,
) -> Option<TokenKeys> {
    let keys = match SecretReference::parse(jwks) {
        Some(file @ SecretReference::File(_)) => from_file(&file, accepted, context),
        Some(SecretReference::Environment(_)) | None => from_address(jwks, context),
    };
    keys.map_err(|finding| findings.push(JWKS, finding.label("this key set"))).ok()
}

fn from_file(
    file: &SecretReference,
    accepted: &[Algorithm],
    context: &CompileContext<'_>,
) -> Result<TokenKeys, Diagnostic> {
    let text = file.resolve(context.base).map_err(|problem| unreadable("the key set", file, &problem))?;
    let set = KeySet::parse(text.expose_secret().as_bytes(), accepted).map_err(|invalid| {
        let remedy = "store the JSON Web Key Set (RFC 7517) of the issuer in it";
        Diagnostic::error(format!("{file} is not valid: {invalid}")).remedy(remedy)
    })?;
    if set.is_empty() && !accepted.is_empty() {
        let names: Vec<_> = accepted.iter().map(|algorithm| format!("{algorithm:?}")).collect();
        let message = format!("{file} has no key for {}", names.join(" or "));
        return Err(Diagnostic::error(message).remedy("list the algorithms of its keys, or use another file"));
    }
    Ok(TokenKeys::Fixed(Arc::new(set)))
}

fn from_address(address: &str, context: &CompileContext<'_>) -> Result<TokenKeys, Diagnostic> {
    let keys = context.key_sets.at(address).map_err(|invalid| match invalid {
        InvalidDocumentUrl::NotAUrl | InvalidDocumentUrl::Scheme => {
            Diagnostic::error("`jwks` must be an `https` URL, an `http` URL of the local machine, or a file")
                .remedy("write `https://...` or `file:PATH`; keys that are not protected in transit could be replaced")
        }
        InvalidDocumentUrl::Credentials => Diagnostic::error("the URL in `jwks` has a user name or a password")
            .remedy("remove them; key sets are public"),
        InvalidDocumentUrl::Tls(invalid) => Diagnostic::error(format!("`jwks` cannot be fetched: {invalid}"))
            .remedy("install certificate authorities, or store the key set in a file"),
    })?;
    Ok(TokenKeys::Fetched(keys))
}

fn shared(
    key: &SecretReference,
    accepted: &[Algorithm],
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
        let finding = Diagnostic::error(format!("{key} has a PEM block, but `key` is a shared secret"));
        let remedy =
            "put the public key into a key set and set `jwks`; as a shared secret it would let anyone sign tokens";
        findings.push(KEY, finding.label("this reference").remedy(remedy));
        return None;
    }
    let minimum = accepted.iter().map(|algorithm| minimum_bytes(*algorithm)).max().unwrap_or(0);
    if secret.len() < minimum {
        let message =
            format!("the shared key in {key} is shorter than {minimum} bytes and can be guessed from one token");
        let remedy = "use a random key at least as long as the hash (RFC 7518 section 3.2), if the issuer supports it";
        findings.push(KEY, Diagnostic::warning(message).label("this reference").remedy(remedy));
    }
    Some(TokenKeys::Fixed(Arc::new(KeySet::shared(secret.as_bytes(), accepted))))
}

/// The minimum length of a shared key (RFC 7518 section 3.2).
fn minimum_bytes(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::HS256 => 32,
        Algorithm::HS384 => 48,
        Algorithm::HS512 => 64,
        _ => 0, // not for shared keys
    }
}
