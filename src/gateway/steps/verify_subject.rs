//! Verifying that a login's finish is for the user that its begin named.

use crate::ceremony::{Ceremony, Subject};
use crate::features::key_learning::observe::SignedInUser;
use crate::gateway::context::Attempt;
use crate::gateway::id_token;
use crate::model::fault::{Fault, Refusal};
use crate::model::message::Response;
use crate::model::operation::Operation;

/// Verifies the subject of a login's finish. Returns what the upstream's answer names; `None` for other finishes.
///
/// `upstream_user` is the user by the identity map, if there is one.
///
/// # Errors
/// `assertion_rejected` if the answer is for another user, or does not prove the user.
pub(crate) fn verify_subject(
    attempt: Attempt<'_>,
    ceremony: &Ceremony,
    upstream_user: Option<&Subject>,
    response: &mut Response<'_>,
) -> Result<Option<SignedInUser>, Refusal> {
    if attempt.operation() != Operation::LoginFinish {
        return Ok(None);
    }
    id_token::complete(response.record_mut());
    let signed_in = SignedInUser::of(response.record());
    let (sent, expected) = (&ceremony.sent.subject, upstream_user.unwrap_or(&ceremony.requested));
    if sent.contradicts(&signed_in.subject) {
        return Err(rejected("the upstream signed in another user than the request named"));
    }
    if upstream_user.is_some() && expected.contradicts(&signed_in.subject) {
        return Err(rejected("the upstream signed in another user than the identity map names"));
    }
    let no_user_was_named = expected.is_nobody() && ceremony.bearer_user.is_none();
    let upstream_got_user = !sent.is_nobody() && !attempt.backend.sets_constant_user;
    let is_proved = no_user_was_named || upstream_got_user || expected.agrees(&signed_in.subject);
    if is_proved || attempt.route().relax_subject {
        return Ok(Some(signed_in));
    }
    Err(rejected("the upstream's answer does not prove the user that the caller named"))
}

fn rejected(reason: &'static str) -> Refusal {
    Refusal::new(Fault::AssertionRejected, reason)
}
