//! The request ID: taken from the caller or generated, and returned with every response.
//!
//! A request that passes through carries it to the target too.

use std::future::Future;

use http::{HeaderMap, HeaderName, HeaderValue, Response};

use crate::gateway::handler::RequestId;
use crate::server::body::ResponseBody;

pub(in crate::server) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The caller's `x-request-id` if it is valid, else a new ID.
pub(in crate::server) fn of_request(fields: &HeaderMap) -> RequestId {
    fields.get(X_REQUEST_ID).and_then(RequestId::accept).unwrap_or_else(RequestId::random)
}

pub(in crate::server) async fn with_request_id(
    id: HeaderValue,
    response: impl Future<Output = Response<ResponseBody>>,
) -> Response<ResponseBody> {
    let mut response = response.await;
    response.headers_mut().insert(X_REQUEST_ID, id);
    response
}
