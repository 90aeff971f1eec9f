//! Every refusal of the closed set, provoked for real, in every dialect's envelope.

mod by_caller;
mod by_ceremony;
mod by_limits;
mod by_upstream;
mod envelope;

use kit::gateway::Gateway;
use kit::logs::Refused;
use kit::message::{Request, Response};
use kit::provider::Provider;

/// Sends a request that must be refused with this fault, and returns the response and the log entry.
pub(crate) async fn refuses(
    gateway: &Gateway,
    dialect: Provider,
    operation: &str,
    request: &Request,
    fault: &str,
) -> (Response, Refused) {
    let answer = gateway.ask(request).await;
    envelope::check(dialect, operation, fault, &answer);
    let refused = gateway.refusal_of(&answer).await;
    assert_eq!(refused.fault, fault, "{} {operation}: {refused:?}", dialect.id());
    (answer, refused)
}
