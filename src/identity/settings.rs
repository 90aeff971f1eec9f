//! What the config says of an identity map: `[identity.NAME]`.
//!
//! One of `file`, `sqlite`, `postgres` and `url` says where the answers come from; which other keys go with
//! it, the map's construction checks, since a table cannot say that by its form.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::base::bounded::Bounded;
use crate::base::secret::SecretReference;

/// `[identity.NAME]`: who the caller's user is at an upstream.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MapSettings {
    /// A file that has every user: `.csv` with a first line of column names, or `.jsonl` with one JSON
    /// object a line. Relative to the config. Read at the start and whenever the config is loaded anew.
    pub file: Option<PathBuf>,
    /// A SQLite database, relative to the config. It is opened to read and never written.
    pub sqlite: Option<PathBuf>,
    /// A PostgreSQL database, as `env:NAME` or `file:PATH` of its connection string:
    /// `postgres://user:password@host:5432/database`. It is never written. To another machine TLS is spoken
    /// and its certificate is proved, unless the string says `sslmode=disable`.
    pub postgres: Option<SecretReference>,
    /// A PEM file of certificate authorities, relative to the config, that the PostgreSQL server's
    /// certificate must come from. Default: those that the system trusts.
    pub ca_file: Option<PathBuf>,
    /// Where an HTTP service answers a GET for one user with a JSON object, or with 404 for a user it
    /// does not know; the caller's names stand in it as `{user.id}` and `{user.email}`.
    pub url: Option<String>,
    /// The query that finds the upstream's user: `SELECT new_id FROM users WHERE old_id = {user.id}`.
    /// What stands in braces is bound as a parameter, never written into the text; a name that the
    /// caller did not give is NULL. In PostgreSQL it is text, and so must what is compared with it and what
    /// is answered be: `SELECT new_id::text AS new_id FROM users WHERE old_id::text = {user.id}`.
    pub query: Option<String>,
    /// The same the other way, a query or a URL: which of the caller's users is the upstream's
    /// `{user.id}` or `{user.email}`. A file answers both ways by itself.
    pub reverse: Option<String>,
    /// Header fields of the HTTP lookup, such as `authorization`: `env:NAME` or `file:PATH`.
    #[serde(default)]
    pub fields: BTreeMap<String, SecretReference>,
    /// How the caller's side names the user: a member, and the column it stands in. In the answer of an
    /// HTTP service a column is a key of the object, or a JSON Pointer (RFC 6901) that begins with `/`.
    pub caller: BTreeMap<String, String>,
    /// The same for the upstream's side. What is not listed here is not told to the upstream.
    pub upstream: BTreeMap<String, String>,
    /// What happens to a user whom the map does not know. Default: `refuse`.
    #[serde(default)]
    pub missing: Missing,
    /// What a caller is told while the map cannot answer. Default: `refuse`.
    #[serde(default)]
    pub outage: Outage,
    /// Milliseconds within which an answer must be there. Default 2000.
    #[serde(default = "two_seconds")]
    pub timeout_ms: Bounded<1, 60_000>,
    /// How long answers are kept. A file needs no such table.
    pub cache: Option<CacheSettings>,
}

/// What happens to a user whom the map does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The caller is told `unknown_user`.
    #[default]
    Refuse,
    /// Both sides name the user alike, unless that is how one of them names somebody else.
    Same,
}

/// What a caller is told while the map cannot answer. Nobody is ever taken for somebody else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outage {
    /// `identity_unavailable`: to try again.
    #[default]
    Refuse,
    /// `unknown_user`, so that apps offer another way to sign in.
    UnknownUser,
}

/// `[identity.NAME.cache]`: answers that are used again. None is used beyond its time.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CacheSettings {
    /// Answers kept at once, each way; the oldest makes room. Default 100000.
    pub max_entries: Bounded<1, 10_000_000>,
    /// Seconds for which a user that was found is not asked for again; 0 asks every time. Default 60.
    pub seconds: Bounded<0, 86_400>,
    /// The same for a user that was not found. Default 10.
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

fn two_seconds() -> Bounded<1, 60_000> {
    Bounded::nearest(2000)
}
