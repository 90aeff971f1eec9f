//! Why a call has no usable response.
//!
//! A response of any status is not a failure. No text here contains a URL, a field or content.

use std::error::Error;
use std::time::Duration;

use crate::http1::invalid_message::InvalidMessage;

/// A call without a complete response.
#[derive(Debug, thiserror::Error)]
pub enum CallFailure {
    // --- the request itself
    /// The path or query would be rewritten, so the call was not made.
    #[error("the path or query cannot be sent unchanged")]
    Unsendable,

    // --- refused by the gateway, the upstream was not called
    /// The limits of concurrent and waiting calls are reached.
    #[error("too many calls to this upstream")]
    Overloaded,
    /// The circuit breaker is open.
    #[error("circuit breaker open")]
    BreakerOpen {
        /// The time until the next call may be made.
        retry_after: Duration,
    },

    // --- the upstream or the connection to it
    /// The connection could not be established (name lookup, TCP or TLS). Nothing was sent.
    #[error("cannot connect to the upstream")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// The deadline passed. The upstream may have received the request.
    #[error("the upstream did not respond in time")]
    TimedOut,
    /// The connection was lost, or the response is not valid HTTP. The upstream may have received the
    /// request.
    #[error("the connection was lost or the response is not valid HTTP")]
    Broken(#[source] Box<dyn Error + Send + Sync>),

    // --- the upstream's response
    /// The content is longer than `max_response_bytes`, before or after decoding.
    #[error("the response is longer than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The content coding is not supported, or the data is invalid.
    #[error("the content coding of the response is unknown or invalid")]
    Undecodable,
}

// ===== impl CallFailure =====

impl CallFailure {
    /// Whether the upstream may have received the request and acted on it.
    #[must_use]
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Self::Unsendable | Self::Overloaded | Self::BreakerOpen { .. } | Self::Unreachable(_) => false,
            Self::TimedOut | Self::Broken(_) | Self::TooLarge { .. } | Self::Undecodable => true,
        }
    }

    /// Classifies a reqwest error, without the URL it contains.
    pub(super) fn from_client(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_connect() {
            Self::Unreachable(error.into())
        } else if error.is_timeout() {
            Self::TimedOut
        } else {
            Self::Broken(error.into())
        }
    }
}

impl From<InvalidMessage> for CallFailure {
    #[cold]
    fn from(invalid: InvalidMessage) -> Self {
        match invalid {
            InvalidMessage::ContentTooLong { limit } => Self::TooLarge { limit },
            invalid => Self::Broken(invalid.into()),
        }
    }
}
