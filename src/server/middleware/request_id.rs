//! The request ID: taken from the caller or generated, and returned with every response.
//!
//! A request that passes through carries it to the target too.

use http::{HeaderMap, HeaderName};

use crate::gateway::handler::RequestId;

pub(in crate::server) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The caller's `x-request-id` if it is valid, else a new ID.
pub(in crate::server) fn of_request(fields: &HeaderMap) -> RequestId {
    fields.get(X_REQUEST_ID).and_then(RequestId::accept).unwrap_or_else(RequestId::random)
}
