//! The `[passthrough]` table of the config: the target of each host.
//!
//! A host maps to a URL, or to a table with further settings. Hosts are compared without port and case;
//! `"*"` matches every other host. Requests for a host without a target are refused.

use std::borrow::{Borrow, Cow};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::base::bounded::Bounded;
use crate::upstream::base_url::{BaseUrl, InvalidBaseUrl};

/// The servers that get the requests that match no operation, by host.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(transparent)]
pub struct PassthroughSettings(pub BTreeMap<HostPattern, Target>);

/// A host in lower case without a port, or `*`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct HostPattern(String);

/// A target: `"https://api.example"`, or a table of [`TargetSettings`].
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Target(pub TargetSettings);

/// One target and how it is called. If only `url` is needed, write it alone: `"api.example.com" = "https://..."`.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TargetSettings {
    /// Scheme, host and port, without a path: the path of each request is forwarded unchanged.
    #[serde(deserialize_with = "origin")]
    pub url: BaseUrl,
    /// Whether WebSocket connections are forwarded. Default: false.
    #[serde(default)]
    pub upgrade: bool,
    /// Milliseconds until the response must begin. Default 30000.
    #[serde(default = "thirty_seconds")]
    pub timeout_ms: Bounded<10, 600_000>,
    /// Milliseconds for establishing a connection, including TLS. Default 2000.
    #[serde(default = "two_seconds")]
    pub connect_timeout_ms: Bounded<10, 60_000>,
    /// Milliseconds for which the target may send nothing within a response. Default 60000.
    #[serde(default = "one_minute")]
    pub content_timeout_ms: Bounded<10, 3_600_000>,
    /// Bytes per second of content, in each direction, measured per minute; slower content is cut. 0 is no limit.
    /// Event streams and upgraded connections have none. Default 100.
    #[serde(default = "hundred_bytes")]
    pub min_content_rate: Bounded<0, 1_000_000_000>,
    /// Milliseconds for the whole content of a request or a response; 0 is no limit. Event streams and upgraded
    /// connections have none. Default 3600000.
    #[serde(default = "one_hour")]
    pub content_deadline_ms: Bounded<0, 604_800_000>,
    /// A PEM file of certificate authorities to trust instead of the system's. A relative path is relative to
    /// the directory of the config file. Default: the system's certificate authorities.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

/// A text is not a [`HostPattern`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("must be a host name or an IP address, without scheme, port or path, or `*`")]
pub struct InvalidHostPattern;

// ===== impl PassthroughSettings =====

impl PassthroughSettings {
    /// The pattern that matches every host that is not listed.
    pub(super) const ANY: &str = "*";
}

// ===== impl HostPattern =====

impl HostPattern {
    /// Checks `text`.
    ///
    /// # Errors
    ///
    /// [`InvalidHostPattern`] if it is neither a host nor `*`.
    pub fn new(text: &str) -> Result<Self, InvalidHostPattern> {
        let is_address = text.starts_with('[') && text.ends_with(']');
        let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        let is_pattern = text == PassthroughSettings::ANY || is_address || (is_name && !text.is_empty());
        is_pattern.then(|| Self(text.to_ascii_lowercase())).ok_or(InvalidHostPattern)
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str(&self.0)
    }
}

impl Borrow<str> for HostPattern {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for HostPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(D::Error::custom)
    }
}

impl JsonSchema for HostPattern {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "HostPattern".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

// ===== impl Target =====

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UrlOrTable)
    }
}

impl JsonSchema for Target {
    fn schema_name() -> Cow<'static, str> {
        "Target".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            generator.subschema_for::<BaseUrl>(),
            generator.subschema_for::<TargetSettings>(),
        ] })
    }
}

struct UrlOrTable;

impl<'de> Visitor<'de> for UrlOrTable {
    type Value = Target;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("a URL such as \"https://api.example\", or a table with `url`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Target, E> {
        let url = text.parse().map_err(E::custom)?;
        Ok(Target(TargetSettings::to(without_path(url)?)))
    }

    fn visit_map<M: MapAccess<'de>>(self, table: M) -> Result<Target, M::Error> {
        TargetSettings::deserialize(MapAccessDeserializer::new(table)).map(Target)
    }
}

// ===== impl TargetSettings =====

impl TargetSettings {
    /// The target at `url` with every default.
    #[must_use]
    pub fn to(url: BaseUrl) -> Self {
        Self {
            url,
            upgrade: false,
            timeout_ms: thirty_seconds(),
            connect_timeout_ms: two_seconds(),
            content_timeout_ms: one_minute(),
            min_content_rate: hundred_bytes(),
            content_deadline_ms: one_hour(),
            ca_file: None,
        }
    }
}

fn origin<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BaseUrl, D::Error> {
    without_path(BaseUrl::deserialize(deserializer)?)
}

fn without_path<E: Error>(url: BaseUrl) -> Result<BaseUrl, E> {
    if url.has_prefix() { Err(E::custom(InvalidBaseUrl::Prefix)) } else { Ok(url) }
}

fn thirty_seconds() -> Bounded<10, 600_000> {
    Bounded::nearest(30_000)
}

fn two_seconds() -> Bounded<10, 60_000> {
    Bounded::nearest(2_000)
}

fn hundred_bytes() -> Bounded<0, 1_000_000_000> {
    Bounded::nearest(100)
}

fn one_hour() -> Bounded<0, 604_800_000> {
    Bounded::nearest(3_600_000)
}

fn one_minute() -> Bounded<10, 3_600_000> {
    Bounded::nearest(60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<PassthroughSettings, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_url_is_shorthand_for_a_table() {
        let short = read("\"API.example\" = \"https://id.example\"").unwrap();
        let long = read("[\"api.example\"]\nurl = \"https://id.example/\"\nupgrade = false").unwrap();
        assert_eq!(short, long);
        assert!(short.0.contains_key("api.example"));
    }

    #[test]
    fn invalid_hosts_and_targets_are_refused() {
        for (text, expected) in [
            ("\"a.example:80\" = \"https://b.example\"", "without scheme, port or path"),
            ("\"\" = \"https://b.example\"", "without scheme, port or path"),
            ("\"*\" = \"https://b.example/prefix\"", "must not have a path"),
            ("\"*\" = { url = \"https://b.example/prefix\" }", "must not have a path"),
            ("\"*\" = { url = \"https://b.example\", upgarde = true }", "unknown field `upgarde`"),
            ("\"*\" = { upgrade = true }", "missing field `url`"),
            ("\"*\" = 5", "a URL such as"),
            ("\"*\" = \"b.example\"", "must be an absolute URL"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
