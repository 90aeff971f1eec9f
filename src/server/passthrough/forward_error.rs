//! Why a request did not pass through, and the response for it. The log contains more details, but no path
//! and no field.

use std::error::Error;

use http::{Response, StatusCode};

use crate::server::body::{BodyError, ResponseBody};
use crate::upstream::base_url::BaseUrl;
use crate::upstream::streaming::StreamingError;

/// A request without a response from a target.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ForwardError {
    // --- the caller
    /// The path or query is missing or would be rewritten.
    InvalidTarget,
    /// The caller stopped sending its content.
    CallerTimedOut,
    /// The caller's content is incomplete.
    IncompleteContent,

    // --- the operator
    /// No target is configured for the host.
    NoTarget,

    // --- the target
    /// The connection could not be established.
    Unreachable,
    /// The connection was lost, or the response is not valid HTTP.
    Failed,
    /// The response did not begin in time.
    TimedOut,
}

// ===== impl ForwardError =====

impl ForwardError {
    pub(super) fn timed_out(target: &BaseUrl) -> Self {
        tracing::warn!(base_url = %target, "passthrough target timed out");
        Self::TimedOut
    }

    pub(super) fn unrequested_upgrade(target: &BaseUrl) -> Self {
        tracing::warn!(base_url = %target, "passthrough target switched protocols without being asked");
        Self::Failed
    }

    pub(super) fn from_client(target: &BaseUrl, error: &StreamingError) -> Self {
        match body_error(error) {
            Some(BodyError::IdleTimeout | BodyError::TooSlow) => return Self::CallerTimedOut,
            Some(BodyError::Incomplete(_)) => return Self::IncompleteContent,
            None => {}
        }
        tracing::warn!(base_url = %target, error = error as &(dyn Error + 'static), "passthrough target failed");
        match error {
            StreamingError::Unreachable(_) => Self::Unreachable,
            StreamingError::Failed(_) | StreamingError::AmbiguousFraming => Self::Failed,
        }
    }

    pub(super) fn into_response(self) -> Response<ResponseBody> {
        let (status, text) = match self {
            Self::InvalidTarget => {
                (StatusCode::BAD_REQUEST, "the path or query is not in normal form and cannot be forwarded unchanged\n")
            }
            Self::CallerTimedOut => (StatusCode::REQUEST_TIMEOUT, "timed out waiting for the content\n"),
            Self::IncompleteContent => (StatusCode::BAD_REQUEST, "the content is incomplete\n"),
            Self::NoTarget => {
                (StatusCode::NOT_FOUND, "no operation matches, and [passthrough] has no target for this host\n")
            }
            Self::Unreachable | Self::Failed => (StatusCode::BAD_GATEWAY, "the target could not be reached\n"),
            Self::TimedOut => (StatusCode::GATEWAY_TIMEOUT, "the target did not respond in time\n"),
        };
        ResponseBody::plain(status, text)
    }
}

/// The error of the caller's content, if that is why the call failed.
fn body_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a BodyError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(body_error) = error.downcast_ref() {
            return Some(body_error);
        }
        next = error.source();
    }
    None
}
