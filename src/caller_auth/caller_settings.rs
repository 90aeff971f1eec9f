//! The config of the callers of a route: one rule for each kind of caller.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use crate::base::keyword_or::keyword_or;
use crate::base::secret::SecretReference;

/// `[routes.NAME.callers]`: the allowed callers, with one key for each kind of caller that the dialect has.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallerSettings {
    /// Callers without credentials: `"anyone"`.
    pub open: Option<Anyone>,
    /// Callers with an API key: a list of keys, each as `env:NAME` or `file:PATH`.
    pub key: Option<KeySettings>,
    /// Callers with a client id: a table of client ids, each with its secret (`env:NAME` or `file:PATH`), or `"public"`
    /// for a client that cannot keep a secret, such as a single-page or mobile app.
    pub client: Option<ClientSettings>,
    /// End users with a bearer token.
    pub user: Option<UserSettings>,
}

/// No check of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Anyone {
    /// Anyone may call.
    Anyone,
}

/// The accepted API keys.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum KeySettings {
    /// Any key.
    Anyone(Anyone),
    /// The keys, each as `env:NAME` or `file:PATH`.
    Listed(Vec<SecretReference>),
}

/// The accepted clients.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum ClientSettings {
    /// Any client.
    Anyone(Anyone),
    /// The clients by id, each with its secret.
    Listed(BTreeMap<String, ClientSecret>),
}

/// How a client authenticates.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "must be `env:NAME`, `file:PATH`, or \"public\" for a client without a secret")]
pub enum ClientSecret {
    /// Not at all: it is a public client (RFC 6749 section 2.1).
    Public(PublicClient),
    /// With a secret.
    Secret(SecretReference),
}

/// A client that cannot keep a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PublicClient {
    /// A public client.
    Public,
}

/// How the end user's bearer token is verified.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum UserSettings {
    /// By the upstream, which must be embedded or belong to the provider of the dialect.
    Upstream(ByUpstream),
    /// By the gateway, as a JSON Web Token.
    Jwt {
        /// How the token is verified.
        jwt: JwtSettings,
    },
}

/// The table of [`UserSettings::Jwt`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByJwt {
    jwt: JwtSettings,
}

/// The upstream verifies the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ByUpstream {
    /// The upstream verifies the token.
    Upstream,
}

/// A JSON Web Token (RFC 7519) that names the user.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JwtSettings {
    /// The public keys as a JSON Web Key Set: an `https` URL, or `file:PATH`. Either this or `key`.
    pub jwks: Option<String>,
    /// A shared key (HMAC), as `env:NAME` or `file:PATH`. Either this or `jwks`.
    pub key: Option<SecretReference>,
    /// The accepted algorithms, such as `RS256`.
    pub algorithms: Vec<String>,
    /// The required issuer (`iss`).
    pub issuer: String,
    /// The required audience (`aud`).
    pub audience: String,
    /// Members and the claims that give their values: `{ "user.id" = "sub" }`.
    pub claims: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for KeySettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        keyword_or(deserializer, Self::Anyone, Self::Listed)
    }
}

impl<'de> Deserialize<'de> for ClientSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        keyword_or(deserializer, Self::Anyone, Self::Listed)
    }
}

impl<'de> Deserialize<'de> for UserSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        keyword_or(deserializer, Self::Upstream, |ByJwt { jwt }| Self::Jwt { jwt })
    }
}
