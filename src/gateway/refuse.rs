//! Refusing a request: the log reads why, the caller what it may know, and it is counted.

use bytes::Bytes;
use http::Response as HttpResponse;
use uuid::Uuid;

use crate::canonical::fault::Refusal;
use crate::canonical::operation::Operation;
use crate::gateway::exchange::Gateway;
use crate::gateway::plan::Route;
use crate::gateway::respond;
use crate::gateway::router::Candidate;

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
        self.shared.metrics.answered(&route.name, operation, Some(refusal.fault));
        respond::fault(route, operation, refusal, id, allow)
    }
}
