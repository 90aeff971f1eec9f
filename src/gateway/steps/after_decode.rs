//! The hook after the upstream's answer was decoded: user handles, then decoys.

use crate::ceremony::UserHandles;
use crate::features::decoys::{DecoyContext, DecoyOutcome, Decoys};
use crate::features::user_handles::hooks::HandleState;
use crate::gateway::context::Attempt;
use crate::gateway::steps::identify_caller::RequestedUser;
use crate::gateway::steps::take_ceremony::TakenCeremony;
use crate::model::fault::Refusal;
use crate::model::member::Member;
use crate::model::message::{Request, Response};

/// A response after the features of the backend.
pub(crate) struct Decoded<'r> {
    pub(crate) response: Response<'r>,
    pub(crate) is_decoy: bool,
    /// The user handles of a passkey that is being created.
    pub(crate) user_handles: Option<Box<UserHandles>>,
}

/// Runs the features of a backend after its answer was decoded.
///
/// # Errors
/// The upstream's refusal, or that of a feature.
pub(crate) async fn after_decode<'r>(
    attempt: Attempt<'_>,
    request: &Request<'_>,
    user: &RequestedUser,
    begun: Option<&TakenCeremony>,
    state: HandleState,
    decoded: Result<Response<'r>, Refusal>,
) -> Result<Decoded<'r>, Refusal> {
    let hooks = attempt.user_handles();
    let decoded = match hooks {
        Some(hooks) => Box::pin(hooks.after_decode(request, state, decoded)).await,
        None => decoded,
    };
    let may_be_decoy = attempt.context.may_answer_with_decoy || begun.is_some();
    let outcome = match attempt.backend.decoys.as_ref().filter(|_| may_be_decoy) {
        Some(decoys) => apply_decoys(attempt, decoys, user, begun, decoded)?,
        None => DecoyOutcome::real(decoded?),
    };
    let DecoyOutcome { mut response, is_decoy } = outcome;
    let user_handles = match hooks.filter(|_| attempt.operation().is_begin()) {
        Some(hooks) => {
            let template = &attempt.route().dialect.operations[&attempt.operation()].response;
            let has_handle = template.message.carries(Member::UserHandle);
            Box::pin(hooks.map_creation_options(request, has_handle, &mut response)).await?
        }
        None => None,
    };
    Ok(Decoded { response, is_decoy, user_handles })
}

fn apply_decoys<'r>(
    attempt: Attempt<'_>,
    decoys: &Decoys,
    user: &RequestedUser,
    begun: Option<&TakenCeremony>,
    decoded: Result<Response<'r>, Refusal>,
) -> Result<DecoyOutcome<'r>, Refusal> {
    let context = DecoyContext {
        request: &attempt.context.request,
        named: &user.caller_side,
        ceremony: begun.map(|begun| &*begun.ceremony),
        relation: attempt.backend.relation,
        embedded: attempt.runtime.clients[attempt.backend.upstream].embedded(),
        shape: &attempt.state().response_shape,
        min_user_verification: attempt.route().min_user_verification,
    };
    decoys.apply(&context, decoded)
}
