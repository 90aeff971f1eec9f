//! The config of an identity map: `[identity.NAME]`.
//!
//! The source is one of `file`, `sqlite`, `postgres` and `url`. Building the map checks which other keys apply to it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::base::bounded::Bounded;
use crate::base::secret::SecretReference;

/// `[identity.NAME]`: maps the users of the callers to the users of an upstream.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MapSettings {
    /// A file with all users: `.csv` with a header line, or `.jsonl` with one JSON object per line. Relative to the
    /// config. Read at startup and at every reload.
    pub file: Option<PathBuf>,
    /// A SQLite database, relative to the config. Opened read-only.
    pub sqlite: Option<PathBuf>,
    /// A PostgreSQL database, as `env:NAME` or `file:PATH` of its connection string:
    /// `postgres://user:password@host:5432/database`. Opened read-only. For remote hosts TLS is used and the
    /// certificate is verified, unless the string has `sslmode=disable`.
    pub postgres: Option<SecretReference>,
    /// A PEM file of certificate authorities for the PostgreSQL server, relative to the config. Default: those of the
    /// system.
    pub ca_file: Option<PathBuf>,
    /// The URL of an HTTP service that responds to a GET for one user with a JSON object, or with 404 for an
    /// unknown user. `{user.id}` and `{user.email}` are replaced with the user's id and e-mail address.
    pub url: Option<String>,
    /// The query that finds the upstream's user: `SELECT new_id FROM users WHERE old_id = {user.id}`.
    /// Placeholders are bound as parameters; a placeholder whose member the request does not have is NULL. In
    /// PostgreSQL parameters and results are text, so other types must be cast: `SELECT new_id::text AS new_id
    /// FROM users WHERE old_id::text = {user.id}`.
    pub query: Option<String>,
    /// The query or URL for the other direction: it finds the caller's user by the upstream's `{user.id}` or
    /// `{user.email}`. A file needs none.
    pub reverse: Option<String>,
    /// Header fields of the HTTP lookup, such as `authorization`: `env:NAME` or `file:PATH`.
    #[serde(default)]
    pub fields: BTreeMap<String, SecretReference>,
    /// The user's identifiers on the callers' side: each member with its column. For an HTTP service a column
    /// is a key of the object, or a JSON Pointer (RFC 6901) that begins with `/`.
    pub caller: BTreeMap<String, String>,
    /// The user's identifiers at the upstream: each member with its column. Members that are not listed are not
    /// sent to the upstream.
    pub upstream: BTreeMap<String, String>,
    /// What to do if a user is not in the map. Default: `refuse`.
    #[serde(default)]
    pub missing: Missing,
    /// The fault to return while the map cannot be queried. Default: `refuse`.
    #[serde(default)]
    pub outage: Outage,
    /// The time limit of a query in milliseconds. Default 2000.
    #[serde(default = "default_timeout")]
    pub timeout_ms: Bounded<1, 60_000>,
    /// How results are cached. Not for a file.
    pub cache: Option<CacheSettings>,
}

/// What to do if a user is not in the map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The request is refused with `unknown_user`.
    #[default]
    Refuse,
    /// The user has the same id on both sides, unless that id belongs to another user on one of them.
    Same,
}

/// The fault to return while the map cannot be queried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outage {
    /// `identity_unavailable`: the client can retry.
    #[default]
    Refuse,
    /// `unknown_user`: the client offers another way to sign in.
    UnknownUser,
}

/// `[identity.NAME.cache]`: the cache of results.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CacheSettings {
    /// The maximum number of results for each direction; the oldest is evicted. Default 100000.
    pub max_entries: Bounded<1, 10_000_000>,
    /// How long the result for a user that was found is cached, in seconds; 0 disables the cache. Default 60.
    pub seconds: Bounded<0, 86_400>,
    /// How long the result for a user that was not found is cached, in seconds. Default 10.
    pub missing_seconds: Bounded<0, 86_400>,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            max_entries: Bounded::nearest(100_000),
            seconds: Bounded::nearest(60),
            missing_seconds: Bounded::nearest(10),
        }
    }
}

fn default_timeout() -> Bounded<1, 60_000> {
    Bounded::nearest(2000)
}
