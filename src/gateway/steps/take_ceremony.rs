//! Taking the ceremony of a finish out of the store, before anything is sent. Whatever happens then, the challenge is
//! used. A finish of another route or operation does not use it.

use crate::ceremony::{Ceremony, ChallengeKey, Subject};
use crate::gateway::client_data;
use crate::gateway::context::Attempt;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::operation::Operation;
use crate::model::record::text;

/// A ceremony that was taken, and its challenge.
pub(crate) struct TakenCeremony {
    pub(crate) ceremony: Box<Ceremony>,
    pub(crate) challenge: Vec<u8>,
}

/// Takes the ceremony of a finish. `None` for other operations. `user` is the verified user who calls.
///
/// # Errors
/// `challenge_expired` if no ceremony of this route and operation has the challenge, `assertion_rejected` if another
/// user began it or the user was not verified as the route requires.
pub(crate) fn take_ceremony(attempt: Attempt<'_>, user: Option<&str>) -> Result<Option<TakenCeremony>, Refusal> {
    let (runtime, record) = (attempt.runtime, attempt.context.request.record());
    if !attempt.operation().is_finish() {
        return Ok(None);
    }
    let challenge = client_data::challenge_of_finish(record)?;
    let expired = |reason: &'static str| Refusal::new(Fault::ChallengeExpired, reason);
    let rejected = |reason: &'static str| Refusal::new(Fault::AssertionRejected, reason);
    let (ceremonies, key) = (&runtime.config.ceremonies, ChallengeKey::of(&challenge));
    let begun_by = match attempt.operation() {
        Operation::LoginFinish => Operation::LoginBegin,
        Operation::RegistrationFinish => Operation::RegistrationBegin,
        _ => Operation::SignupBegin,
    };
    // A finish that cannot be the ceremony's leaves it for the one that can.
    let belongs = |ceremony: &Ceremony| match () {
        () if ceremony.generation != runtime.generation => {
            Err(expired("the ceremony was begun under a config that is no longer kept"))
        }
        () if ceremony.route != attempt.route().name || ceremony.begun_by != begun_by => {
            Err(expired("the challenge belongs to another ceremony"))
        }
        () => Ok(()),
    };
    let ceremony = ceremonies.take_if(key, belongs)?.ok_or_else(|| expired("no ceremony has this challenge"))?;
    let session = text(record, Member::Session);
    if session.is_some() && session != ceremony.caller_session {
        return Err(expired("the session handle does not belong to the challenge"));
    }
    if ceremony.verify_user && !client_data::user_was_verified(record) {
        return Err(rejected("the route requires user verification, and the user was not verified"));
    }
    if ceremony.requested.names_another(&Subject::named_in(record)) {
        return Err(rejected("the finish names another user than the begin"));
    }
    if ceremony.bearer_user.as_deref() != user {
        return Err(rejected("another user began this ceremony"));
    }
    Ok(Some(TakenCeremony { ceremony: Box::new(ceremony), challenge }))
}
