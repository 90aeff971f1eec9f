//! Storing the ceremony of a begin that succeeded, under the upstream's challenge.

use std::time::Duration;

use crate::ceremony::{Ceremony, ChallengeKey, Holder, NotStored, SentToUpstream, Subject};
use crate::gateway::client_key::{AddressKey, NamedUser, backend_credential};
use crate::gateway::context::{Attempt, ShadowRole};
use crate::gateway::handler::AddressLimits;
use crate::gateway::steps::after_decode::Decoded;
use crate::gateway::steps::build_response::caller_session;
use crate::gateway::steps::identify_caller::{CallerIdentity, RequestedUser};
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::message::Request;
use crate::model::record::text;
use crate::model::user_verification::UserVerification;
use crate::model::value::Value;

/// When to retry if the store has no place: by then, abandoned ceremonies may have expired.
const RETRY_AFTER_SECONDS: i64 = 10;

/// Stores the ceremony of a begin.
///
/// # Errors
/// `upstream_invalid` if the answer has no challenge, or one that is in use; `rate_limited` or `overloaded` if the store
/// has no place for it.
pub(crate) fn store_ceremony(
    attempt: Attempt<'_>,
    request: &Request<'_>,
    user: &RequestedUser,
    upstream_user: Option<&Subject>,
    identity: CallerIdentity<'_>,
    decoded: &mut Decoded<'_>,
) -> Result<Box<Ceremony>, Refusal> {
    let (runtime, answer) = (attempt.runtime, decoded.response.record());
    let Some(Value::Bytes(challenge)) = answer.value(Member::Challenge) else {
        return Err(Refusal::new(Fault::UpstreamInvalid, "the answer lacks `challenge`"));
    };
    let lifetime = match answer.value(Member::Timeout) {
        Some(Value::Number(milliseconds)) => u64::try_from(milliseconds).ok().map(Duration::from_millis),
        _ => None,
    };
    let ceremony = Ceremony {
        generation: runtime.generation,
        verify_user: attempt.route().min_user_verification == Some(UserVerification::Required),
        is_decoy: decoded.is_decoy,
        route: attempt.route().name.clone(),
        upstream: attempt.upstream().name.clone(),
        begun_by: attempt.operation(),
        upstream_session: text(answer, Member::Session),
        caller_session: caller_session(attempt, &decoded.response),
        requested: user.caller_side.clone(),
        expected: upstream_user.cloned().unwrap_or_default(),
        sent: sent_to_upstream(attempt, request),
        bearer_user: identity.user.map(String::into_boxed_str),
        handles: decoded.user_handles.take(),
    };
    let is_shadow = attempt.context.shadow_role == ShadowRole::Shadow;
    let key = ChallengeKey::of(&challenge);
    if !is_shadow {
        let stored = runtime.config.ceremonies.remember(key, &ceremony, lifetime, holder(attempt));
        stored.map_err(|problem| refusal(attempt, problem))?;
    }
    Ok(Box::new(ceremony))
}

/// The client that begins the ceremony: a backend by its credential, another by its address.
fn holder(attempt: Attempt<'_>) -> Holder {
    let (context, ceremonies) = (attempt.context, &attempt.runtime.config.ceremonies);
    if attempt.caller.is_backend {
        return ceremonies.holder(backend_credential(context), None::<()>);
    }
    match (context.client.ip.map(AddressKey::of), context.client.limits) {
        (None, _) | (Some(_), AddressLimits::Exempt) => Holder::default(),
        (Some(address), AddressLimits::Observed) => ceremonies.holder(Some(address), None::<()>),
        (Some(address), AddressLimits::Enforced) => {
            ceremonies.holder(Some(address), NamedUser::of(context).map(|user| (address, user)))
        }
    }
}

#[cold]
fn refusal(attempt: Attempt<'_>, problem: NotStored) -> Refusal {
    let limited = |limit: &'static str| {
        attempt.runtime.config.metrics.rate_limited(&attempt.route().name, limit, "refused");
        let reason = format!("the client holds as many ceremonies as `ceremonies.{limit}` allows");
        Refusal::new(Fault::RateLimited, reason).retry_after(Some(RETRY_AFTER_SECONDS))
    };
    match problem {
        NotStored::ChallengeInUse => {
            Refusal::new(Fault::UpstreamInvalid, "the upstream gave a challenge that is in use")
        }
        NotStored::Full => {
            Refusal::new(Fault::Overloaded, "the ceremony store is full").retry_after(Some(RETRY_AFTER_SECONDS))
        }
        NotStored::ClientLimit => limited("max_per_client"),
        NotStored::UserLimit => limited("max_per_user"),
    }
}

/// The members that a begin sent to the upstream: those that its message has a place for.
fn sent_to_upstream(attempt: Attempt<'_>, request: &Request<'_>) -> SentToUpstream {
    let side = attempt.upstream().side();
    let carries = |member: &Member| side.request_carries(request.operation(), *member);
    let sent = |member| text(request.record(), member).filter(|_| carries(&member));
    SentToUpstream {
        subject: Subject { id: sent(Member::UserId), email: sent(Member::UserEmail) },
        account: sent(Member::Account),
        organization: sent(Member::Organization),
        connection: sent(Member::Connection),
    }
}
