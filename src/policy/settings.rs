//! The settings of a route's policy: which of several upstreams gets a request.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IntoDeserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::base::bounded::Bounded;
use crate::policy::percent::Percent;

/// `[routes.NAME.rules.RULE]`: an upstream for the requests that match. All conditions must match.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSettings {
    /// The upstream of the requests that match.
    pub upstream: String,
    /// Rules are tried in ascending order, then by name. The first rule that matches is used. Default 0.
    #[serde(default)]
    pub order: i32,
    /// Members of the request, such as `account` or `client.id`, each with its accepted values.
    #[serde(default)]
    pub when: Conditions,
    /// A header field of the request, with its accepted values.
    pub header: Option<HeaderCondition>,
}

/// Members, each with its accepted values. Tables nest: `client.id` may be written as a table `client`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct Conditions(pub BTreeMap<String, Values>);

/// Accepted values, or members whose names begin with the key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "must be an array of strings")]
pub enum Values {
    /// The accepted values.
    These(Vec<String>),
    /// Members whose names begin with the key.
    Group(BTreeMap<String, Self>),
}

/// A header field and its accepted values.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderCondition {
    /// The name of the field, in any case.
    pub name: String,
    /// The accepted values, compared byte for byte.
    pub values: Vec<String>,
}

/// `[routes.NAME.split]`: sends a percentage of the users to other upstreams. The rest go to the route's `upstream`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitSettings {
    /// One or two upstreams, each with a percentage of the users (at most two decimals) or a table.
    pub to: BTreeMap<String, Share>,
    /// Members that identify the user. The first one that a request has is used. Default: `user.id`, then
    /// `user.email`.
    #[serde(default = "by_user")]
    pub by: Vec<String>,
    /// Routes with the same cohort assign a user to the same bucket. Default: the route's name.
    pub cohort: Option<String>,
    /// Whether a browser gets a signed cookie that identifies it if the begin does not identify the user. Default
    /// false: such begins go to the route's `upstream`.
    #[serde(default)]
    pub cookie: bool,
    /// A header field that identifies the device if the begin does not identify the user, such as `x-device-id`. It
    /// takes precedence over the cookie.
    pub header: Option<String>,
}

fn by_user() -> Vec<String> {
    ["user.id", "user.email"].map(str::to_owned).into()
}

/// A share of the users.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Share {
    /// The percentage of the users.
    Of(Percent),
    /// The percentage of the users, with options.
    More(ShareSettings),
}

/// A share of the users, with options.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareSettings {
    /// The percentage of the users.
    pub percent: Percent,
    /// `proven`: only users whose passkeys the embedded upstream can already verify, because it created,
    /// imported or learned them. The other users stay at the route's `upstream`. Default: all.
    pub only: Option<Only>,
    /// From which end of the 10,000 hash buckets the share is taken. If there are two upstreams, one uses
    /// `bottom` and the other `top`, so that each share can grow without moving the other's users. Default
    /// `bottom`.
    #[serde(default)]
    pub from: End,
}

/// A restriction of a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Only {
    /// Users who can already sign in at this upstream.
    Proven,
}

/// An end of the buckets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// The lowest buckets.
    #[default]
    Bottom,
    /// The highest buckets.
    Top,
}

/// `[routes.NAME.fallback]`: the upstreams to try if the begin of a login fails, before the caller receives a
/// challenge. No other operation has a fallback.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FallbackSettings {
    /// The faults that start the fallback: `unknown_user`, `not_enabled`, `upstream_refused_us`, `upstream_invalid`,
    /// `upstream_failed`, `upstream_unavailable`, `upstream_timeout`.
    pub on: Vec<String>,
    /// The upstreams to try, in this order, each at most once.
    pub to: Vec<String>,
    /// The time limit of all attempts together, in milliseconds. Default 10000.
    #[serde(default = "ten_seconds")]
    pub deadline_ms: Bounded<10, 300_000>,
}

fn ten_seconds() -> Bounded<10, 300_000> {
    Bounded::nearest(10_000)
}

/// `[routes.NAME.shadow]`: a second upstream that gets the begins of logins too, for comparison only. The caller does
/// not wait for it. Differences are counted by member, and shown at `/shadow` of the admin listener.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShadowSettings {
    /// The upstream to compare with.
    pub upstream: String,
    /// The percentage of begins that are also sent to the shadow. Default 100.
    #[serde(default = "all")]
    pub percent: Percent,
    /// The maximum number of calls in flight. Default 8.
    #[serde(default = "eight")]
    pub max_in_flight: Bounded<1, 1_000>,
    /// The maximum number of calls that wait. Further calls are dropped and counted. Default 64.
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

/// `[routes.NAME.pinned]`: upstreams, each with a file of the users and accounts that always use it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct PinnedSettings(pub BTreeMap<String, PathBuf>);

// ===== impl Conditions =====

impl Conditions {
    /// Each member's name and its accepted values.
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
    /// The share as a table.
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
