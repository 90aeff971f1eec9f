//! Refusing a request: the log reads why, the caller what it may know, and it is counted.

use bytes::Bytes;
use http::Response as HttpResponse;
use uuid::Uuid;

use crate::gateway::pipeline::Gateway;
use crate::gateway::steps::encode_response;
use crate::model::fault::Refusal;
use crate::model::operation::Operation;
use crate::routes::Route;
use crate::routes::router::Candidate;

impl Gateway {
    pub(crate) fn refuse_with(
        &self,
        candidate: &Candidate,
        refusal: &Refusal,
        id: Uuid,
        allow: Option<&str>,
    ) -> HttpResponse<Bytes> {
        self.refused(self.route(candidate), candidate.operation, refusal, id, allow)
    }

    /// Tells the log why, and the caller what it may know.
    pub(crate) fn refused(
        &self,
        route: &Route,
        operation: Operation,
        refusal: &Refusal,
        id: Uuid,
        allow: Option<&str>,
    ) -> HttpResponse<Bytes> {
        let (name, operation_name) = (&*route.name, operation.name());
        let (fault, reason) = (refusal.fault.name(), &*refusal.reason);
        if refusal.fault.is_ours() {
            tracing::error!(route = name, operation = operation_name, fault, reason, correlation_id = %id, "refused");
        } else if refusal.fault.is_upstreams() {
            tracing::warn!(route = name, operation = operation_name, fault, reason, correlation_id = %id, "refused");
        } else {
            tracing::info!(route = name, operation = operation_name, fault, reason, correlation_id = %id, "refused");
        }
        self.shared.metrics.refused(route, operation, refusal.fault);
        encode_response::fault(route, operation, refusal, id, allow)
    }
}
