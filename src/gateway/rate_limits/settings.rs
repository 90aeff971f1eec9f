//! `[limits.rates]`: how many requests a minute one client may send.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::base::bounded::Bounded;

/// A number of requests a minute. They may come all at once. 0 is no limit.
pub type PerMinute = Bounded<0, 10_000_000>;

/// How many requests a minute one client may send.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct RateSettings {
    /// Requests of the devices at one address. An IPv6 client's address is its /64 network. Default 1200.
    pub address: PerMinute,
    /// Requests of devices at one address that name one user. Requests from other addresses that name the same user
    /// are not counted. Default 120.
    pub user_and_address: PerMinute,
    /// Requests of one backend, by its API key or client id, or of one user with a token. Default 0.
    pub credential: PerMinute,
    /// Requests for one operation, such as `"registration.begin" = 60`: of the devices at one address, or of one
    /// backend. Default: no limit.
    pub operations: BTreeMap<String, PerMinute>,
}

impl Default for RateSettings {
    fn default() -> Self {
        Self {
            address: Bounded::nearest(1200),
            user_and_address: Bounded::nearest(120),
            credential: Bounded::nearest(0),
            operations: BTreeMap::new(),
        }
    }
}
