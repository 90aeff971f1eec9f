//! What the config says of the upstreams a route may use beside its own.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IntoDeserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::base::bounded::Bounded;
use crate::policy::percent::Percent;

/// `[routes.NAME.rules.RULE]`: who goes to an upstream by what a request says. All of its conditions
/// must hold.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSettings {
    /// Where whoever it is goes.
    pub upstream: String,
    /// Rules are tried from the lowest number on, and by name where numbers are the same; the first that
    /// holds decides. Default 0.
    #[serde(default)]
    pub order: i32,
    /// Members of the request, such as `account` or `client.id`, each with the values of which it must
    /// have one.
    #[serde(default)]
    pub when: Conditions,
    /// A header field of the request, with the values of which it must have one.
    pub header: Option<HeaderCondition>,
}

/// Members and the values of which each must have one. Tables nest: `client.id` may be written as a
/// table `client`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct Conditions(pub BTreeMap<String, Values>);

/// Values, or members whose names begin with the key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "must be an array of strings")]
pub enum Values {
    /// One of these.
    These(Vec<String>),
    /// Members whose names begin with the key.
    Group(BTreeMap<String, Self>),
}

/// A header field and the values of which it must have one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderCondition {
    /// The field's name; case does not matter.
    pub name: String,
    /// Its values, byte for byte.
    pub values: Vec<String>,
}

/// `[routes.NAME.split]`: which part of the users goes elsewhere. The rest goes to the route's `upstream`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitSettings {
    /// Each upstream with its percentage of the users: a number with at most two decimals, or a table. At
    /// most two upstreams.
    pub to: BTreeMap<String, Share>,
    /// The members that may name a user, the first that a request has being the one that counts. Default:
    /// `user.id`, then `user.email`.
    #[serde(default = "by_user")]
    pub by: Vec<String>,
    /// Routes of the same cohort deal the same user the same lot. Default: the route's name.
    pub cohort: Option<String>,
    /// Whether a browser whose begin names no user is given a signed cookie to be known again by. Default
    /// false: such begins go to the route's `upstream`.
    #[serde(default)]
    pub cookie: bool,
    /// A header field by which a device that names no user is known again, such as `x-device-id`. It
    /// stands before the cookie.
    pub header: Option<String>,
}

fn by_user() -> Vec<String> {
    ["user.id", "user.email"].map(str::to_owned).into()
}

/// A part of the users.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Share {
    /// That many in a hundred.
    Of(Percent),
    /// The same, with more to say of them.
    More(ShareSettings),
}

/// A part of the users, and which.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareSettings {
    /// That many in a hundred.
    pub percent: Percent,
    /// `proven`: only users whose passkeys the embedded upstream could verify already, since it made, imported or
    /// learned them. The others stay with the rest. Default: all.
    pub only: Option<Only>,
    /// From which end of all users they are taken. Of two upstreams one takes from the `bottom`, the other
    /// from the `top`, so that each can grow without moving the other's users. Default `bottom`.
    #[serde(default)]
    pub from: End,
}

/// Of whom a part is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Only {
    /// Users who could sign in there today.
    Proven,
}

/// An end of the row in which a cohort's users stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// The beginning.
    #[default]
    Bottom,
    /// The end.
    Top,
}

/// `[routes.NAME.fallback]`: where the begin of a login goes on when an upstream cannot serve it, before the
/// caller has seen a challenge. No other operation goes on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FallbackSettings {
    /// The faults on which it goes on: `unknown_user`, `not_enabled`, `upstream_refused_us`,
    /// `upstream_invalid`, `upstream_failed`, `upstream_unavailable`, `upstream_timeout`.
    pub on: Vec<String>,
    /// The upstreams it goes on to, in this order. Each is asked once at most.
    pub to: Vec<String>,
    /// Milliseconds that all of them together may take. Default 10000.
    #[serde(default = "ten_seconds")]
    pub deadline_ms: Bounded<10, 300_000>,
}

fn ten_seconds() -> Bounded<10, 300_000> {
    Bounded::nearest(10_000)
}

/// `[routes.NAME.shadow]`: a second upstream at which the begin of a login is tried too, after the caller was
/// answered and for comparison only. What differs is counted by member, and shown at `/shadow` of the admin
/// listener.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShadowSettings {
    /// Which upstream.
    pub upstream: String,
    /// How many of a hundred begins are tried. Default 100.
    #[serde(default = "all")]
    pub percent: Percent,
    /// How many are tried at once. Default 8.
    #[serde(default = "eight")]
    pub max_in_flight: Bounded<1, 1_000>,
    /// How many wait for that; what comes beyond is dropped, and counted. Default 64.
    #[serde(default = "sixty_four")]
    pub max_waiting: Bounded<0, 100_000>,
}

fn all() -> Percent {
    Percent::ALL
}

fn eight() -> Bounded<1, 1_000> {
    Bounded::nearest(8)
}

fn sixty_four() -> Bounded<0, 100_000> {
    Bounded::nearest(64)
}

/// `[routes.NAME.pinned]`: upstreams, each with a file of the users and accounts who go there.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct PinnedSettings(pub BTreeMap<String, PathBuf>);

// ===== impl Conditions =====

impl Conditions {
    /// Each member's name and its values.
    pub fn flatten(&self) -> Vec<(String, &[String])> {
        let mut flat = Vec::new();
        for (name, values) in &self.0 {
            values.flatten(name.clone(), &mut flat);
        }
        flat
    }
}

impl Values {
    fn flatten<'a>(&'a self, name: String, flat: &mut Vec<(String, &'a [String])>) {
        match self {
            Self::These(values) => flat.push((name, values)),
            Self::Group(group) => {
                for (key, values) in group {
                    values.flatten(format!("{name}.{key}"), flat);
                }
            }
        }
    }
}

// ===== impl Share =====

impl Share {
    /// The table it stands for.
    pub fn settings(&self) -> ShareSettings {
        match self {
            Self::Of(percent) => ShareSettings { percent: *percent, only: None, from: End::default() },
            Self::More(settings) => settings.clone(),
        }
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyShare)
    }
}

struct AnyShare;

impl<'de> Visitor<'de> for AnyShare {
    type Value = Share;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("a number from 0 to 100 with at most two decimals, or a table with `percent`")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Share, E> {
        Percent::deserialize(number.into_deserializer()).map(Share::Of)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Share, E> {
        Percent::deserialize(number.into_deserializer()).map(Share::Of)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Share, E> {
        Percent::deserialize(number.into_deserializer()).map(Share::Of)
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Share, A::Error> {
        ShareSettings::deserialize(MapAccessDeserializer::new(table)).map(Share::More)
    }
}
