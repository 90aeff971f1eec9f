//! Limiting the rate of one client's requests.
//!
//! A device is limited by its address, and by the user that it names together with its address, so that a user
//! cannot be locked out from elsewhere. A backend has a secret of its own and sends the requests of many users from
//! one address: it is limited by its credential. Public clients share their id, which therefore has no limit.

use crate::caller_auth::AuthenticatedCaller;
use crate::gateway::client_key::{AddressKey, NamedUser, backend_credential, text};
use crate::gateway::context::{Attempt, RequestContext};
use crate::gateway::handler::AddressLimits;
use crate::gateway::rate_limits::Exceeded;
use crate::gateway::runtime::Runtime;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::provider::template::message::Caller;

/// Applies the limits of devices, before the work of verifying a token.
///
/// # Errors
/// `rate_limited`.
pub(crate) fn limit_device(runtime: &Runtime, context: &RequestContext<'_>) -> Result<(), Refusal> {
    if sends_no_secret(context) { apply_device_limits(runtime, context) } else { Ok(()) }
}

fn apply_device_limits(runtime: &Runtime, context: &RequestContext<'_>) -> Result<(), Refusal> {
    let enforcement = context.client.limits;
    let Some(address) = context.client.ip.filter(|_| enforcement != AddressLimits::Exempt) else { return Ok(()) };
    let limits = &*runtime.config.rate_limits;
    let operation = limits.operation(context.request.operation());
    let key = AddressKey::of(address);
    let mut checked = limits.check(&limits.address, key).and_then(|()| limits.check(operation, key));
    if checked.is_ok()
        && limits.user_and_address.is_on()
        && let Some(user) = NamedUser::of(context)
    {
        checked = limits.check(&limits.user_and_address, (key, user));
    }
    match checked {
        Ok(()) => Ok(()),
        Err(exceeded) if enforcement == AddressLimits::Observed => {
            runtime.config.metrics.rate_limited(&context.route.name, exceeded.limit, "observed");
            Ok(())
        }
        Err(exceeded) => Err(refusal(runtime, context, exceeded)),
    }
}

/// Applies the limits of an authenticated caller.
///
/// # Errors
/// `rate_limited`.
pub(crate) fn limit_caller(
    runtime: &Runtime,
    context: &RequestContext<'_>,
    caller: &AuthenticatedCaller,
) -> Result<(), Refusal> {
    if !caller.is_backend && !sends_no_secret(context) {
        // The secret that a public client sends is ignored: it is a device.
        apply_device_limits(runtime, context)?;
    }
    let limits = &*runtime.config.rate_limits;
    let operation = limits.operation(context.request.operation());
    if !limits.credential.is_on() && !operation.is_on() {
        return Ok(());
    }
    let credential = match caller.is_backend {
        true => backend_credential(context),
        false => text(context, Member::UserToken),
    };
    let Some(credential) = credential else { return Ok(()) };
    let mut checked = limits.check(&limits.credential, &*credential);
    if caller.is_backend {
        checked = checked.and_then(|()| limits.check(operation, &*credential));
    }
    checked.map_err(|exceeded| refusal(runtime, context, exceeded))
}

/// Identifies the caller of an attempt: a device by its address, a backend by its credential and the user it names.
pub(super) fn caller_hash(attempt: Attempt<'_>) -> Option<u64> {
    let (context, limits) = (attempt.context, &attempt.runtime.config.rate_limits);
    match attempt.caller.is_backend {
        true => Some(limits.hash((backend_credential(context), NamedUser::of(context)))),
        false => context.client.ip.map(|address| limits.hash(AddressKey::of(address))),
    }
}

/// Whether the caller sends no secret of its own, so that it is a device.
fn sends_no_secret(context: &RequestContext<'_>) -> bool {
    match context.route.dialect.operations[&context.request.operation()].request.caller {
        Caller::Open | Caller::User => true,
        Caller::Client => context.request.record().value(Member::ClientSecret).is_none(),
        Caller::Key => false,
    }
}

#[cold]
fn refusal(runtime: &Runtime, context: &RequestContext<'_>, exceeded: Exceeded) -> Refusal {
    let Exceeded { limit, retry_after } = exceeded;
    runtime.config.metrics.rate_limited(&context.route.name, limit, "refused");
    Refusal::new(Fault::RateLimited, format!("the rate limit `{limit}` is exceeded")).retry_after(Some(retry_after))
}
