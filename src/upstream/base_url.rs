//! The validated base URL of an upstream. Request paths are appended unchanged.
//!
//! The URL standard rewrites some paths (`/a/../b` becomes `/b`, `'` in a query becomes `%27`), so the
//! upstream could see a different path than the one that selected the route. A target that would be
//! rewritten is refused.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use http::uri::PathAndQuery;
use reqwest::Url;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An `https://` or `http://` URL of a host, with an optional port and path prefix.
///
/// It has no user, password, query or fragment, and its prefix does not end in a slash.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BaseUrl(String);

/// Why a text is not a base URL. The text is not repeated, because it may contain a password.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidBaseUrl {
    /// It is not an absolute URL.
    #[error("must be an absolute URL")]
    NotAUrl,
    /// The scheme is neither `https` nor `http`.
    #[error("must start with https:// or http://")]
    Scheme,
    /// It contains a user or a password.
    #[error("must not contain a user or a password")]
    Credentials,
    /// It has a query or a fragment.
    #[error("must not have a query or a fragment")]
    Query,
    /// Its path would be rewritten.
    #[error("must have a path without `..` and with special characters %-escaped")]
    Path,
    /// It has a path where only scheme, host and port are allowed.
    #[error("must not have a path: the path of each request is forwarded unchanged")]
    Prefix,
}

// ===== impl BaseUrl =====

impl BaseUrl {
    /// Whether calls are sent without TLS.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.0.starts_with("http://")
    }

    /// Whether it has a path prefix.
    #[must_use]
    pub fn has_prefix(&self) -> bool {
        self.0.splitn(4, '/').nth(3).is_some()
    }

    /// The base without a target.
    pub(super) fn to_url(&self) -> Url {
        Url::parse(&self.0).expect("a base URL was serialized by the parser")
    }

    /// The base followed by `target`; `None` if the path or query would be rewritten.
    pub(crate) fn with_target(&self, target: &PathAndQuery) -> Option<Url> {
        let target = target.as_str();
        if !target.starts_with('/') {
            return None; // otherwise `*` would become part of the host
        }
        let text = format!("{}{target}", self.0);
        let url = Url::parse(&text).ok()?;
        (url.as_str() == text).then_some(url)
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidBaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidBaseUrl> {
        let url = Url::parse(text).map_err(|_| InvalidBaseUrl::NotAUrl)?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(InvalidBaseUrl::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidBaseUrl::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidBaseUrl::Query);
        }
        let rest = text.split_once("://").map_or("", |(_, rest)| rest);
        let path = rest.find('/').map_or("", |slash| &rest[slash..]);
        if path.trim_end_matches('/') != url.path().trim_end_matches('/') {
            return Err(InvalidBaseUrl::Path);
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str(&self.0)
    }
}

impl Serialize for BaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for BaseUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for BaseUrl {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "BaseUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "title": "a URL", "type": "string", "format": "uri", "pattern": "^https?://[^?#@]+$", "examples": ["https://api.example.com"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(base: &str, target: &str) -> Option<String> {
        let base: BaseUrl = base.parse().unwrap();
        base.with_target(&target.parse().unwrap()).map(|url| url.as_str().to_owned())
    }

    #[test]
    fn a_target_follows_the_prefix() {
        for base in ["https://id.example/api/v4", "https://id.example/api/v4/"] {
            let url = sent(base, "/session?a=1").unwrap();
            assert_eq!(url, "https://id.example/api/v4/session?a=1");
        }
        assert_eq!(sent("http://127.0.0.1:81", "/x").unwrap(), "http://127.0.0.1:81/x");
    }

    #[test]
    fn unusual_targets_are_kept_byte_for_byte() {
        for target in ["/", "/?", "//x//y/", "/a%2Fb%2e", "/a;b=c/@me", "/a?x=%27&&y=/../?#"] {
            let target = target.trim_end_matches('#');
            assert_eq!(sent("https://h", target).unwrap(), format!("https://h{target}"));
        }
    }

    #[test]
    fn a_target_that_would_be_rewritten_is_refused() {
        for target in ["/a/../b", "/a/%2e%2e/b", "/./a", "/a\\b", "/a?q='", "/a|b", "/ü", "*"] {
            let Ok(parsed) = target.parse::<PathAndQuery>() else { panic!("{target} does not even parse") };
            let base: BaseUrl = "https://h".parse().unwrap();
            match base.with_target(&parsed) {
                None => {}
                Some(url) => assert_eq!(url.as_str(), format!("https://h{target}")),
            }
        }
        assert_eq!(sent("https://h", "/a/../b"), None);
        assert_eq!(sent("https://h", "/a/%2e%2e/b"), None);
        assert_eq!(sent("https://h", "/a?q='"), None);
        assert_eq!(sent("https://h", "*"), None);
    }

    #[test]
    fn a_target_cannot_escape_the_prefix() {
        assert_eq!(sent("https://h/api", "/../admin"), None);
        assert_eq!(sent("https://h/api", "/..%2fadmin"), Some("https://h/api/..%2fadmin".into()));
    }

    #[test]
    fn an_invalid_base_url_is_refused_without_repeating_it() {
        let cases = [
            ("id.example", InvalidBaseUrl::NotAUrl),
            ("ftp://id.example", InvalidBaseUrl::Scheme),
            ("https://user:hunter2@id.example", InvalidBaseUrl::Credentials),
            ("https://id.example/?a=b", InvalidBaseUrl::Query),
            ("https://id.example/#a", InvalidBaseUrl::Query),
            ("https://id.example/a/../b", InvalidBaseUrl::Path),
        ];
        for (text, why) in cases {
            let error = text.parse::<BaseUrl>().unwrap_err();
            assert_eq!(error, why);
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}
