//! The decision of a policy, for the access log, and for the caller if the route enables it.

use std::fmt;
use std::sync::Arc;

use http::header::SET_COOKIE;
use http::{HeaderName, HeaderValue, Response};

/// The upstream of a request, and why. It is in the extensions of a response, for the access log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The upstream's name.
    pub upstream: Arc<str>,
    /// Why it was selected.
    pub reason: Reason,
    /// The version of the config: its generation and its fingerprint.
    pub config: Arc<str>,
}

/// Why a backend was selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nothing else applied.
    Default,
    /// The user or account is pinned.
    List,
    /// A rule of that name applies.
    Rule(Arc<str>),
    /// The split, by user.
    Split,
    /// The split selects another upstream, which cannot verify the user's passkeys yet.
    Unproven,
    /// The split, by a header field that identifies the device.
    Header,
    /// The split, by a cookie that identifies the browser.
    Cookie,
    /// The ceremony was begun there.
    Ceremony,
    /// The token of the request was issued there.
    Token,
    /// The backends before it failed.
    Fallback,
}

/// A decision, and the parts of it that the response carries.
pub(crate) struct RecordedDecision {
    pub(crate) decision: Decision,
    pub(crate) adds_headers: bool,
    /// The cookie that identifies the browser from now on.
    pub(crate) cookie: Option<HeaderValue>,
}

impl RecordedDecision {
    /// Adds the decision to a response, for the access log and for the caller.
    pub(crate) fn apply_to<B>(self, response: &mut Response<B>) {
        if self.adds_headers {
            self.decision.add_headers(response);
        }
        if let Some(cookie) = self.cookie {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response.extensions_mut().insert(self.decision);
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Default => "default",
            Self::List => "list",
            Self::Rule(name) => return write!(formatter, "choose:{name}"),
            Self::Split => "split",
            Self::Unproven => "unproven",
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Ceremony => "ceremony",
            Self::Token => "token",
            Self::Fallback => "fallback",
        };
        formatter.write_str(name)
    }
}

impl Decision {
    /// Adds it to a response as header fields. A name that is not a valid field value is omitted.
    fn add_headers<B>(&self, response: &mut Response<B>) {
        let fields = [
            ("passbridge-upstream", self.upstream.to_string()),
            ("passbridge-reason", self.reason.to_string()),
            ("passbridge-config", self.config.to_string()),
        ];
        for (name, text) in fields {
            if let Ok(value) = HeaderValue::try_from(text) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
    }
}
