//! The hook before the upstream is called: user handles.

use crate::features::user_handles::hooks::HandleState;
use crate::gateway::context::Attempt;
use crate::gateway::steps::take_ceremony::TakenCeremony;
use crate::model::fault::Refusal;
use crate::model::message::Request;

/// Runs the features of a backend before the call.
///
/// # Errors
/// The refusal of a feature.
pub(crate) async fn before_call(
    attempt: Attempt<'_>,
    request: &mut Request<'_>,
    begun: Option<&TakenCeremony>,
) -> Result<HandleState, Refusal> {
    match attempt.user_handles() {
        // Boxed to keep it out of the future of a plain route.
        Some(hooks) => Box::pin(hooks.before_call(request, begun.map(|begun| &*begun.ceremony))).await,
        None => Ok(HandleState::Unmapped),
    }
}
