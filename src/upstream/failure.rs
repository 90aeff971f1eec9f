//! Why a call got no usable answer, sorted by who must act.
//!
//! An answer of any status is an answer, not a failure. No text here holds a URL, a field or content.

use std::error::Error;
use std::time::Duration;

/// A call that brought back no complete answer.
#[derive(Debug, thiserror::Error)]
pub enum CallFailure {
    // --- the request itself
    /// The path or query would have been rewritten on the way, so the call was not made.
    #[error("the path and query cannot be sent as they stand")]
    Unsendable,

    // --- we hold back; the upstream was not called
    /// As many calls as allowed are under way or waiting.
    #[error("too many calls to this upstream are under way")]
    Overloaded,
    /// It failed too often in a row; the next try is due after `retry_after`.
    #[error("this upstream failed repeatedly and is left alone for a while")]
    BreakerOpen {
        /// Until a call may be let out again.
        retry_after: Duration,
    },

    // --- the upstream or the way to it
    /// No connection: refused, unknown name, no route, TLS not agreed. Nothing was sent.
    #[error("no connection to the upstream")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// The deadline passed. The call may have arrived.
    #[error("the upstream did not answer in time")]
    TimedOut,
    /// The connection was lost, or spoke no HTTP, or ended before the content did. The call may have
    /// arrived.
    #[error("the upstream broke off")]
    Broken(#[source] Box<dyn Error + Send + Sync>),

    // --- the upstream's answer
    /// The content is longer than `max_response_bytes`, as sent or once decoded.
    #[error("the answer is longer than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The content is encoded in a way that was not asked for and is not known, or wrongly.
    #[error("the content encoding of the answer is unknown or broken")]
    Undecodable,
}

// ===== impl CallFailure =====

impl CallFailure {
    /// Whether the upstream may have received the call, and acted on it.
    #[must_use]
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Self::Unsendable | Self::Overloaded | Self::BreakerOpen { .. } | Self::Unreachable(_) => false,
            Self::TimedOut | Self::Broken(_) | Self::TooLarge { .. } | Self::Undecodable => true,
        }
    }

    /// Sorts the client's error, without the URL it holds.
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
