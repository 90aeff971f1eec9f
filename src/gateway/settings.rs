//! What the config says of a route, before it was proved to work.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::canonical::user_verification::UserVerification;
use crate::secret::SecretReference;
use crate::within::Within;

/// `[routes.NAME]`: which dialect is spoken where, and who does the work.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteSettings {
    /// The provider whose API the callers of this route speak.
    pub dialect: String,
    /// The name of the upstream that does the work.
    pub upstream: String,
    /// The hosts this route is for, without port. Default: any.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// What stands before the dialect's own paths, such as `/api/v4`. Default: nothing.
    #[serde(default)]
    pub prefix: String,
    /// Who may call, one answer for each kind of caller the dialect's operations have.
    #[serde(default)]
    pub callers: CallerSettings,
    /// Operations that must be carried; one that cannot be is an error. Default: `login.begin` and
    /// `login.finish` must, the others are carried where they can be.
    #[serde(default)]
    pub operations: Vec<String>,
    /// Operations of the dialect that this route leaves alone: their requests pass through. Default: none.
    #[serde(default)]
    pub leave: Vec<String>,
    /// Members the dialect requires that may be written empty, or `subject` where nothing can prove
    /// that the user who finishes is the one who began.
    #[serde(default)]
    pub relax: Vec<String>,
    /// Members of requests: constants, or `{member}` of what the caller sent.
    #[serde(default)]
    pub set: Assignments,
    /// Members of responses, used where the upstream gave none.
    #[serde(default)]
    pub fill: Assignments,
    /// The least user verification a ceremony of this route asks for. Default: what the upstream asks for.
    pub user_verification: Option<UserVerification>,
    /// What happens to a finish whose begin the gateway never saw, and to a refresh token that the
    /// embedded relying party never made. Default: `reject`.
    #[serde(default)]
    pub unseen: Unseen,
    /// Which pages may call from a browser. Default: none.
    pub cors: Option<CorsSettings>,
    /// The name of an embedded upstream whose issuer makes the tokens, where the dialect needs tokens
    /// that the upstream does not give.
    pub issuer: Option<String>,
}

/// What happens to what was begun before the gateway stood there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unseen {
    /// The caller is told that the challenge or the token is not known.
    #[default]
    Reject,
    /// It passes through, untouched: what was begun at the old provider before the gateway stood in
    /// front of it is finished there.
    Pass,
}

/// `[routes.NAME.cors]`: which pages may call from a browser (Fetch standard, CORS protocol).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorsSettings {
    /// The pages' origins, such as `https://app.example.com`.
    pub origins: Vec<String>,
    /// Seconds for which a browser may remember the permission. Default 600.
    #[serde(default = "ten_minutes")]
    pub max_age: Within<0, 86_400>,
}

fn ten_minutes() -> Within<0, 86_400> {
    Within::nearest(600)
}

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
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "\"anyone\", or a list of `env:NAME` or `file:PATH`")]
pub enum Keys {
    /// Any key, also a made-up one.
    Anyone(Anyone),
    /// These.
    These(Vec<SecretReference>),
}

/// Which clients are taken.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "\"anyone\", or a table of client ids and `env:NAME` or `file:PATH`")]
pub enum Clients {
    /// Any client, also a made-up one.
    Anyone(Anyone),
    /// These, by id. An empty text stands for a client without a secret.
    These(BTreeMap<String, ClientSecret>),
}

/// What proves a client.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "`env:NAME`, `file:PATH`, or \"public\" for a client without a secret")]
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
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "\"upstream\", or `{ jwt = { ... } }`")]
pub enum Users {
    /// By the upstream: it is embedded, or of the dialect's own provider.
    Upstream(ByUpstream),
    /// By the gateway.
    Jwt {
        /// How.
        jwt: JwtSettings,
    },
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

/// Members and what they are given. Tables nest: `client.id` may be written as a table `client`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct Assignments(pub BTreeMap<String, Assigned>);

/// What a member is given.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a string, a whole number, true or false")]
pub enum Assigned {
    /// Text, `{member}`, or for a secret `env:NAME` or `file:PATH`.
    Text(String),
    /// A number.
    Number(i64),
    /// A flag.
    Flag(bool),
    /// Members whose names begin with the key.
    Group(BTreeMap<String, Self>),
}

impl Assignments {
    /// Each member's name and what it is given.
    pub fn flatten(&self) -> Vec<(String, &Assigned)> {
        let mut flat = Vec::new();
        for (name, assigned) in &self.0 {
            assigned.flatten(name.clone(), &mut flat);
        }
        flat
    }
}

impl Assigned {
    fn flatten<'a>(&'a self, name: String, flat: &mut Vec<(String, &'a Self)>) {
        match self {
            Self::Group(group) => {
                for (key, assigned) in group {
                    assigned.flatten(format!("{name}.{key}"), flat);
                }
            }
            Self::Text(_) | Self::Number(_) | Self::Flag(_) => flat.push((name, self)),
        }
    }
}
