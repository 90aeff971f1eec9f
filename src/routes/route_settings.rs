//! The settings of a route, as written in the config.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::base::bounded::Bounded;
use crate::caller_auth::caller_settings::CallerSettings;
use crate::model::user_verification::UserVerification;
use crate::policy::settings::{FallbackSettings, PinnedSettings, RuleSettings, ShadowSettings, SplitSettings};

/// `[routes.NAME]`: the API that callers use, on which hosts and paths, and the upstream that handles the requests.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteSettings {
    /// The provider whose API the callers of this route use.
    pub dialect: String,
    /// The upstream that handles the requests, unless `pinned`, `rules` or `split` selects another one.
    pub upstream: String,
    /// The hosts of this route, without port. Default: every host.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// The prefix of the dialect's paths, such as `/api/v4`. Default: none.
    #[serde(default)]
    pub prefix: String,
    /// The allowed callers, for each kind of caller that the dialect's operations have.
    #[serde(default)]
    pub callers: CallerSettings,
    /// Operations that must be supported in addition to `login.begin` and `login.finish`; an unsupported one is an
    /// error. Default: none; other operations are served where they are supported.
    #[serde(default)]
    pub required_operations: Vec<String>,
    /// Operations that this route does not serve; their requests pass through. Default: none.
    #[serde(default)]
    pub exclude_operations: Vec<String>,
    /// Required members that may be written empty. Also `subject`, to accept sign-ins although nothing proves that the
    /// user who finishes is the user who began, and `one_user`, to let every caller manage the passkeys of the one user
    /// that `set` names. Default: none.
    #[serde(default)]
    pub relax: Vec<String>,
    /// Members of upstream requests: a constant, or `{member}` for a member of the caller's request.
    #[serde(default)]
    pub set: Assignments,
    /// Members of responses that the upstream did not return: a constant, or `{member}`.
    #[serde(default)]
    pub fill: Assignments,
    /// The minimum user verification of this route's ceremonies. Default: what the upstream requires.
    pub user_verification: Option<UserVerification>,
    /// What happens to a finish whose begin the gateway did not handle, and to a refresh token that the embedded relying
    /// party did not issue. Default: `reject`.
    #[serde(default)]
    pub unknown_ceremonies: UnknownCeremonies,
    /// Whether the response to `login.begin` reveals which users exist. Default: `documented`.
    #[serde(default)]
    pub enumeration: Enumeration,
    /// The web pages that may call this route. Default: none.
    pub cors: Option<CorsSettings>,
    /// An embedded upstream that issues the tokens, where the dialect requires tokens that the upstream does not return.
    /// The same user id is the same user at both. Default: the upstream's own tokens.
    pub issuer: Option<String>,
    /// An embedded upstream that learns passkeys from the sign-ins of this route. A public key is computed from two
    /// signatures that the upstream accepted; from then on, the user can sign in at the embedded upstream. The upstream's
    /// response is the only proof of whose passkey it is. The same user id is the same user at both. Check that your
    /// contract with the provider and your privacy notice allow it. Sign-ins with known passkeys are verified and counted.
    /// Default: none.
    pub learn_keys: Option<String>,
    /// An embedded upstream that verifies each sign-in of this route with the passkeys that it has, and counts the results.
    /// Responses do not change and no passkey is added. Default: none.
    pub verify_against: Option<String>,
    /// Users and accounts that always use one upstream: the upstream's name, and a file with one `user.id`, `user.email`
    /// or `account` per line. `#` starts a comment. The file is read again when the config is reloaded. Default: none.
    #[serde(default)]
    pub pinned: PinnedSettings,
    /// Rules that select an upstream by the request, for users who are not pinned. Default: none.
    #[serde(default)]
    pub rules: BTreeMap<String, RuleSettings>,
    /// Percentages of the users that use other upstreams, of users without a pin or a matching rule. Default: none.
    pub split: Option<SplitSettings>,
    /// The upstreams that `login.begin` tries when the selected one fails. Default: none.
    pub fallback: Option<FallbackSettings>,
    /// A second upstream that also gets `login.begin` requests, for comparison. Default: none.
    pub shadow: Option<ShadowSettings>,
    /// Whether responses have `Passbridge-...` header fields with the upstream, the reason and the config. Default: false.
    #[serde(default)]
    pub decision_headers: bool,
}

/// What happens to ceremonies and tokens that did not start at the gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnknownCeremonies {
    /// They are refused as unknown.
    #[default]
    Reject,
    /// They pass through unchanged, so that ceremonies that began at the old provider finish there.
    Pass,
}

/// Whether `login.begin` reveals which users exist (WebAuthn Level 3, section 14.6.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Enumeration {
    /// As the dialect documents it: an unknown user is answered as unknown.
    #[default]
    Documented,
    /// An unknown user is answered like a known one, with decoy credentials that stay the same for the same user, and is
    /// refused at the finish like a wrong passkey. Needs `gateway.hash_key`.
    Hidden,
}

/// `[routes.NAME.cors]`: the web pages that may call this route (Fetch standard, CORS protocol).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorsSettings {
    /// The origins of the pages, such as `https://app.example.com`.
    pub origins: Vec<String>,
    /// Seconds for which a browser may cache the permission. Default 600.
    #[serde(default = "ten_minutes")]
    pub max_age: Bounded<0, 86_400>,
}

fn ten_minutes() -> Bounded<0, 86_400> {
    Bounded::nearest(600)
}

/// Members and their values. Tables nest: `client.id` may be written as a table `client`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct Assignments(pub BTreeMap<String, Assigned>);

/// The value of a member.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
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

// ===== impl RouteSettings =====

impl RouteSettings {
    /// Whether `relax` has an entry.
    pub(crate) fn relaxes(&self, entry: &str) -> bool {
        self.relax.iter().any(|name| name == entry)
    }
}

// ===== impl Assigned =====

impl<'de> Deserialize<'de> for Assigned {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyAssigned)
    }
}

struct AnyAssigned;

impl<'de> Visitor<'de> for AnyAssigned {
    type Value = Assigned;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("a string, a whole number, true or false")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Assigned, E> {
        Ok(Assigned::Text(text.to_owned()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Assigned, E> {
        Ok(Assigned::Number(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Assigned, E> {
        i64::try_from(number).map(Assigned::Number).map_err(|_| E::custom("must be a smaller number"))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Assigned, E> {
        Ok(Assigned::Flag(flag))
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Assigned, A::Error> {
        BTreeMap::deserialize(MapAccessDeserializer::new(table)).map(Assigned::Group)
    }
}

// ===== impl Assignments =====

impl Assignments {
    /// Each member's name and its value.
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
