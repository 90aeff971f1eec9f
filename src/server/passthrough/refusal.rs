//! Why a request did not pass through, and what its caller is told. The log is told more, but no path
//! and no field.

use std::error::Error;

use http::{Response, StatusCode};

use crate::server::body::{EdgeBody, Interrupted};
use crate::server::passthrough::incoming::Streamed;
use crate::upstream::base_url::BaseUrl;

/// A request that got no answer from a target.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NotForwarded {
    // --- the caller
    /// The path or query would be rewritten, or there is none.
    Unsendable,
    /// It stopped sending its content.
    CallerSilent,
    /// It sent no whole content.
    CallerBroke,

    // --- the operator
    /// Nothing is configured for the host.
    NoTarget,

    // --- the target
    /// No connection could be made.
    Unreachable,
    /// It broke off, or spoke no HTTP.
    Broken,
    /// It did not begin to answer in time.
    TimedOut,
}

// ===== impl NotForwarded =====

impl NotForwarded {
    pub(super) fn timed_out(target: &BaseUrl) -> Self {
        tracing::warn!(base_url = %target, "passthrough target did not answer in time");
        Self::TimedOut
    }

    pub(super) fn unasked_upgrade(target: &BaseUrl) -> Self {
        tracing::warn!(base_url = %target, "passthrough target switched to a protocol nobody asked for");
        Self::Broken
    }

    pub(super) fn sort(target: &BaseUrl, error: reqwest::Error) -> Self {
        match callers_part(&error) {
            Some(Interrupted::Silent) => return Self::CallerSilent,
            Some(Interrupted::Broken(_)) => return Self::CallerBroke,
            None => {}
        }
        let is_connect = error.is_connect();
        let error = error.without_url();
        let error: &(dyn Error + 'static) = &error;
        tracing::warn!(base_url = %target, error, "passthrough target failed");
        if is_connect { Self::Unreachable } else { Self::Broken }
    }

    pub(super) fn into_response(self) -> Response<EdgeBody<Streamed>> {
        let (status, text) = match self {
            Self::Unsendable => {
                (StatusCode::BAD_REQUEST, "the path or query is not in normal form and would change on the way\n")
            }
            Self::CallerSilent => (StatusCode::REQUEST_TIMEOUT, "the content did not come in time\n"),
            Self::CallerBroke => (StatusCode::BAD_REQUEST, "the content broke off\n"),
            Self::NoTarget => {
                (StatusCode::NOT_FOUND, "no operation matches, and [passthrough] has no target for this host\n")
            }
            Self::Unreachable | Self::Broken => (StatusCode::BAD_GATEWAY, "the target could not be reached\n"),
            Self::TimedOut => (StatusCode::GATEWAY_TIMEOUT, "the target did not answer in time\n"),
        };
        EdgeBody::plain(status, text)
    }
}

/// The caller's own failure, where the call failed because its content did.
fn callers_part<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Interrupted> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(interrupted) = error.downcast_ref() {
            return Some(interrupted);
        }
        next = error.source();
    }
    None
}
