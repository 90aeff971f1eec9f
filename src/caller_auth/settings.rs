//! What the config says of who may call a route, one answer for each kind of caller.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use crate::base::keyword_or::keyword_or;
use crate::base::secret::SecretReference;

/// `[routes.NAME.callers]`: who may call.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallerSettings {
    /// For operations that ask nobody.
    pub open: Option<Anyone>,
    /// For operations that ask for an API key.
    pub key: Option<Keys>,
    /// For operations that ask for a client id and secret.
    pub client: Option<Clients>,
    /// For operations that ask for the end user's bearer token.
    pub user: Option<Users>,
}

/// Said out loud: nobody is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Anyone {
    /// Whoever calls.
    Anyone,
}

/// Whose API keys are taken.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Keys {
    /// Any key, also a made-up one.
    Anyone(Anyone),
    /// These.
    These(Vec<SecretReference>),
}

/// Which clients are taken.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Clients {
    /// Any client, also a made-up one.
    Anyone(Anyone),
    /// These, by id.
    These(BTreeMap<String, ClientSecret>),
}

/// What proves a client.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "must be `env:NAME`, `file:PATH`, or \"public\" for a client without a secret")]
pub enum ClientSecret {
    /// Nothing: it is a public client (RFC 6749 section 2.1).
    Public(Public),
    /// A secret.
    Secret(SecretReference),
}

/// A client that can keep no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Public {
    /// See the type.
    Public,
}

/// How the end user's bearer token is judged.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Users {
    /// By the upstream: it is embedded, or of the dialect's own provider.
    Upstream(ByUpstream),
    /// By the gateway.
    Jwt {
        /// How.
        jwt: JwtSettings,
    },
}

/// The table of [`Users::Jwt`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByJwt {
    jwt: JwtSettings,
}

/// The upstream judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ByUpstream {
    /// See the type.
    Upstream,
}

/// A JSON Web Token (RFC 7519) that names the user.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JwtSettings {
    /// The keys as a JSON Web Key Set: an `https` URL, or `file:PATH`. This or `key`.
    pub jwks: Option<String>,
    /// A shared key (HMAC), as `env:NAME` or `file:PATH`. This or `jwks`.
    pub key: Option<SecretReference>,
    /// The algorithms that are taken; whatever else a token says of itself is refused.
    pub algorithms: Vec<String>,
    /// Who must have issued it (`iss`).
    pub issuer: String,
    /// For whom it must be (`aud`).
    pub audience: String,
    /// Members and the claims they are given: `{ "user.id" = "sub" }`.
    pub claims: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        keyword_or(deserializer, Self::Anyone, Self::These)
    }
}

impl<'de> Deserialize<'de> for Clients {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        keyword_or(deserializer, Self::Anyone, Self::These)
    }
}

impl<'de> Deserialize<'de> for Users {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        keyword_or(deserializer, Self::Upstream, |ByJwt { jwt }| Self::Jwt { jwt })
    }
}
