//! Refusals: each is logged with its reason, counted, and answered in the caller's own envelope.

use bytes::Bytes;
use http::{Response, request};
use uuid::Uuid;

use crate::gateway::cors;
use crate::gateway::handler::{Arrival, EdgeRejection, host_of};
use crate::gateway::runtime::Runtime;
use crate::gateway::steps::encode_response;
use crate::model::fault::{Fault, Refusal};
use crate::model::operation::Operation;
use crate::routes::route::Route;

/// Answers a refusal of an operation. `id` is the id that the caller can quote; `allow` is for an `Allow` field.
pub(crate) fn refuse(
    runtime: &Runtime,
    route: &Route,
    operation: Operation,
    refusal: &Refusal,
    id: Uuid,
    allow: Option<&str>,
) -> Response<Bytes> {
    let (name, operation_name) = (&*route.name, operation.name());
    let (fault, reason) = (refusal.fault.name(), &*refusal.reason);
    if refusal.fault.is_ours() {
        tracing::error!(route = name, operation = operation_name, fault, reason, correlation_id = %id, "refused");
    } else if refusal.fault.is_upstreams() {
        tracing::warn!(route = name, operation = operation_name, fault, reason, correlation_id = %id, "refused");
    } else {
        tracing::info!(route = name, operation = operation_name, fault, reason, correlation_id = %id, "refused");
    }
    runtime.config.metrics.request_refused(&route.name, operation_name, fault);
    encode_response::fault(route, operation, refusal, id, allow)
}

/// Answers a rejection of the server in the envelope of the operation that the request's head names.
pub(crate) fn reject(
    runtime: &Runtime,
    head: &request::Parts,
    arrival: &Arrival,
    rejection: EdgeRejection,
) -> Option<Response<Bytes>> {
    let plan = &runtime.config.plan;
    let found = plan.router.find(host_of(head), head.uri.path());
    let candidate = found.iter().find(|candidate| candidate.method == head.method)?;
    let refusal = match rejection {
        EdgeRejection::HeadTooLarge | EdgeRejection::TooManyFields => {
            Refusal::with_public_message(Fault::TooLarge, "The header fields are too large.")
        }
        EdgeRejection::Overloaded => Refusal::new(Fault::Overloaded, "max_requests are under way"),
    };
    let route = &plan.routes[candidate.route];
    let response = refuse(runtime, route, candidate.operation, &refusal, arrival.id.as_uuid(), None);
    Some(cors::with_cors_headers(route, &head.headers, response))
}
