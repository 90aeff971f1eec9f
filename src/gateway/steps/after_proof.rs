//! The hook after the subject was verified: key learning, then own tokens.

use crate::ceremony::{Ceremony, Subject};
use crate::features::key_learning::observe::{BackendLearner, SignedInUser};
use crate::features::key_learning::proven_user::IdentityMaps;
use crate::features::own_tokens;
use crate::gateway::context::Attempt;
use crate::model::fault::Refusal;
use crate::model::message::{Request, Response};
use crate::model::operation::Operation;

/// Runs the features of a backend after the proof. `names` are the caller's names of the user by the identity map.
///
/// # Errors
/// The refusal of the issuer.
pub(crate) async fn after_proof(
    attempt: Attempt<'_>,
    request: &Request<'_>,
    ceremony: Option<&Ceremony>,
    signed_in: Option<SignedInUser>,
    names: Option<&Subject>,
    response: &mut Response<'_>,
) -> Result<(), Refusal> {
    if let Some(learner) = learner(attempt) {
        match (ceremony, signed_in) {
            (Some(ceremony), Some(signed_in)) => {
                learner.observe(&attempt.context.request, ceremony, signed_in, names, response);
            }
            _ if attempt.operation() == Operation::CredentialsDelete => learner.unlearn(request).await,
            _ => {}
        }
    }
    if let (Some(issuer), Response::LoginFinish(sign_in) | Response::SignupFinish(sign_in)) =
        (attempt.route().issuer, response)
    {
        let issuer = attempt.runtime.issuer(issuer)?;
        // Boxed to keep it out of every request future.
        Box::pin(own_tokens::replace_tokens(issuer, &attempt.context.request, sign_in)).await?;
    }
    Ok(())
}

/// The learner of the backend, if there is one.
fn learner(attempt: Attempt<'_>) -> Option<BackendLearner<'_>> {
    let (runtime, backend) = (attempt.runtime, attempt.backend);
    let learning = backend.learning?;
    let identity = |upstream: usize| runtime.config.plan.upstreams[upstream].identity.clone();
    Some(BackendLearner {
        learner: runtime.clients[learning.upstream].learner()?,
        purpose: learning.purpose,
        route: &attempt.route().name,
        sets_constant_user: backend.sets_constant_user,
        maps: IdentityMaps { upstream: identity(backend.upstream), learner: identity(learning.upstream) },
    })
}
