//! Authenticating the caller by the credentials that the route declares for its operation.

use crate::caller_auth::AuthenticatedCaller;
use crate::gateway::context::RequestContext;
use crate::model::fault::Refusal;

/// Authenticates the caller of a request.
///
/// # Errors
/// `unauthenticated` or `forbidden`; `internal` if the keys that verify tokens are not available.
pub(crate) async fn authenticate_caller(context: &RequestContext<'_>) -> Result<AuthenticatedCaller, Refusal> {
    let RequestContext { route, request, .. } = context;
    let kind = route.dialect.operations[&request.operation()].request.caller;
    route.callers.admit(kind, request.record()).await
}
