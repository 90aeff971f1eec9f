//! What was decided of one request, for the access line, and for the caller where the route says so.

use std::fmt;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, Response};

/// Which upstream a request went to and why; in the extensions of a response, for the access line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The upstream's name.
    pub upstream: Arc<str>,
    /// Why that one.
    pub reason: Reason,
    /// By which config: how often one was loaded before it, and a hash of what it says.
    pub config: Arc<str>,
}

/// Why a request went where it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nothing said otherwise.
    Default,
    /// A list has its user or account.
    List,
    /// A rule of that name holds.
    Rule(Arc<str>),
    /// By the lot its user has.
    Split,
    /// Its user's turn has come, and the upstream there could not verify the user yet.
    Unproven,
    /// By the lot its device has, by a header field.
    Header,
    /// By the lot its browser has, by a cookie.
    Cookie,
    /// Its ceremony was begun there.
    Ceremony,
    /// The token it shows was made there.
    Token,
    /// Those before could not.
    Fallback,
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
    /// Writes it into a response's fields. A name that no field can hold is left out.
    pub(crate) fn tell<B>(&self, response: &mut Response<B>) {
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
