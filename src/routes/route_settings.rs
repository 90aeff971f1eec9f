//! What the config says of a route, before it was proved to work.

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

/// `[routes.NAME]`: which dialect is spoken where, and who does the work.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteSettings {
    /// The provider whose API the callers of this route speak.
    pub dialect: String,
    /// The name of the upstream that does the work, for everybody whom nothing below sends elsewhere.
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
    pub required_operations: Vec<String>,
    /// Operations of the dialect that this route leaves alone: their requests pass through. Default: none.
    #[serde(default)]
    pub exclude_operations: Vec<String>,
    /// Members the dialect requires that may be written empty; `subject` where nothing can prove that
    /// the user who finishes is the one who began; `one_user` where every caller's passkeys shall be
    /// those of the one user that `set` names.
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
    pub unknown_ceremonies: UnknownCeremonies,
    /// Whether a begin tells who has an account. Default: `documented`.
    #[serde(default)]
    pub enumeration: Enumeration,
    /// Which pages may call from a browser. Default: none.
    pub cors: Option<CorsSettings>,
    /// The name of an embedded upstream whose issuer makes the tokens, where the dialect needs tokens
    /// that the upstream does not give. Its users and the upstream's are one: the same id is the same
    /// user.
    pub issuer: Option<String>,
    /// The name of an embedded upstream that learns its passkeys from the sign-ins of this route: the public key is
    /// computed from two signatures that the upstream accepted, and whoever was signed in can sign in there from
    /// then on. The upstream's word is all the proof there is of whose passkey it is; its users and the embedded
    /// upstream's are one, the same id is the same user. Ask whether your contract with the provider, and what you
    /// told your users, allow it. What the embedded upstream knows already is verified. Default: nobody learns.
    pub learn_keys: Option<String>,
    /// The name of an embedded upstream that holds each sign-in of this route against the passkeys it has, imported
    /// or learned before, and counts; it asks nobody, changes no answer and adds no passkey. Default: none.
    pub verify_against: Option<String>,
    /// Users and accounts that are pinned to an upstream: its name, and a file with one of them a line, by
    /// `user.id`, `user.email` or `account`. `#` begins a comment. It is read again with the config. Default:
    /// none.
    #[serde(default)]
    pub pinned: PinnedSettings,
    /// Rules that send requests elsewhere by what they say, for those who are on no list. Default: none.
    #[serde(default)]
    pub rules: BTreeMap<String, RuleSettings>,
    /// Which part of the users goes elsewhere, of those no list and no rule has. Default: none.
    pub split: Option<SplitSettings>,
    /// Where a login's begin goes on when an upstream cannot serve it. Default: nowhere.
    pub fallback: Option<FallbackSettings>,
    /// A second upstream at which a login's begin is tried too, for comparison. Default: none.
    pub shadow: Option<ShadowSettings>,
    /// Whether answers say in `Passbridge-...` header fields which upstream it was, why, and by which config.
    /// Default false: callers need not know.
    #[serde(default)]
    pub decision_headers: bool,
}

/// What happens to what was begun before the gateway stood there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnknownCeremonies {
    /// The caller is told that the challenge or the token is not known.
    #[default]
    Reject,
    /// It passes through, untouched: what was begun at the old provider before the gateway stood in
    /// front of it is finished there.
    Pass,
}

/// Whether a begin tells who has an account (WebAuthn 14.6.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Enumeration {
    /// As the dialect's contract has it: an unknown user is told to be one.
    #[default]
    Documented,
    /// An unknown user is answered as a known one, with made-up credentials that are always the same for
    /// the same user, and refused at the finish as a wrong passkey is. Needs `gateway.hash_key`.
    Hidden,
}

/// `[routes.NAME.cors]`: which pages may call from a browser (Fetch standard, CORS protocol).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorsSettings {
    /// The pages' origins, such as `https://app.example.com`.
    pub origins: Vec<String>,
    /// Seconds for which a browser may remember the permission. Default 600.
    #[serde(default = "ten_minutes")]
    pub max_age: Bounded<0, 86_400>,
}

fn ten_minutes() -> Bounded<0, 86_400> {
    Bounded::nearest(600)
}

/// Members and what they are given. Tables nest: `client.id` may be written as a table `client`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct Assignments(pub BTreeMap<String, Assigned>);

/// What a member is given.
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
