//! The life of a request, from top to bottom.
//!
//! [`run`] finds the config and the operation of a request, [`serve`] limits rates, authenticates the caller and selects
//! a backend, and [`attempt`] lets one backend serve the request. Each line is a step, in a file of its own name in
//! [`steps`](crate::gateway::steps). The user handles, decoys, key learning and own tokens of a backend run in the steps
//! [`before_call`], [`after_decode`] and [`after_proof`]; a route without them skips these steps. Nothing is
//! learned, and no token issued, before the subject is verified.
//!
//! The caller is identified at the backend before the ceremony is taken, so that a finish with an invalid token does
//! not use the ceremony up. The response is built before [`after_proof`], because tokens are issued for the user that
//! the caller is answered with.

use std::error::Error;
use std::iter;
use std::time::Instant;

use bytes::Bytes;
use http::{Response as HttpResponse, request};
use http_body::Body;
use tokio::time::timeout_at;

use crate::caller_auth::AuthenticatedCaller;
use crate::gateway::context::{Attempt, PipelineOutcome, RequestContext};
use crate::gateway::fallback::{FallbackAttempts, NextAttempt};
use crate::gateway::handler::{Arrival, Content};
use crate::gateway::refuse::refuse;
use crate::gateway::retired_config::RetiredConfig;
use crate::gateway::runtime::Runtime;
use crate::gateway::shadow::ShadowCall;
use crate::gateway::steps::after_decode::after_decode;
use crate::gateway::steps::after_proof::after_proof;
use crate::gateway::steps::authenticate_caller::authenticate_caller;
use crate::gateway::steps::before_call::before_call;
use crate::gateway::steps::build_response::build_response;
use crate::gateway::steps::build_upstream_request::build_upstream_request;
use crate::gateway::steps::call_upstream::call_upstream;
use crate::gateway::steps::decode_request::{NotDecoded, decode_request};
use crate::gateway::steps::decode_response::decode_response;
use crate::gateway::steps::encode_response::encode_response;
use crate::gateway::steps::identify_caller::identify_caller;
use crate::gateway::steps::limit_rate::{limit_caller, limit_device};
use crate::gateway::steps::map_user::map_user;
use crate::gateway::steps::map_user_back::map_user_back;
use crate::gateway::steps::match_operation::{ConfigMatch, match_operation, no_operation_matched};
use crate::gateway::steps::read_content::read_content;
use crate::gateway::steps::select_backend::{record_decision, select_backend};
use crate::gateway::steps::store_ceremony::store_ceremony;
use crate::gateway::steps::take_ceremony::take_ceremony;
use crate::gateway::steps::verify_subject::verify_subject;
use crate::gateway::trace::Trace;
use crate::gateway::{refresh, shadow};
use crate::model::fault::{Fault, Refusal};
use crate::model::operation::Operation;
use crate::policy::Policy;
use crate::policy::decision::Reason;
use crate::policy::selection::Selection;
use crate::provider::template::decode_context::Scratch;

/// Answers a request. `None` if it passes through.
pub(crate) async fn run<B>(
    runtime: &Runtime,
    retired: &[RetiredConfig],
    head: &request::Parts,
    arrival: &Arrival,
    host: Option<&str>,
    content: &mut Content<B>,
) -> Option<HttpResponse<Bytes>>
where
    B: Body<Data = Bytes> + Send + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let current = match_operation(runtime, head, host);
    let retired = RetiredConfig::matches(retired, &runtime.config.limits, head, host);
    let unmatched = match current.candidates.is_empty() {
        true => no_operation_matched(&current, head, host, arrival).await,
        false => None,
    };
    let Some(likeliest) = iter::once(&current).chain(&retired).find(|config| !config.candidates.is_empty()) else {
        return unmatched;
    };
    let content = match read_content(&head.headers, content, &runtime.config.limits).await {
        Ok(content) => content,
        Err(refusal) => return Some(likeliest.refuse(head, &refusal, arrival.id.as_uuid())),
    };
    let config = retired.iter().find(|config| config.owns_ceremony_of(head, &content)).unwrap_or(&current);
    let response = match config.candidates.is_empty() {
        true => unmatched,
        // Boxed to keep the future of an operation out of every request future.
        false => Box::pin(operation(config, head, arrival, &content)).await,
    };
    if let (Some(response), Some(trace)) = (&response, head.extensions.get::<Trace>()) {
        trace.sent_response(response);
    }
    response
}

/// Answers a request on the path of an operation. `None` if its content is not an operation's and it passes through.
async fn operation(
    config: &ConfigMatch<'_>,
    head: &request::Parts,
    arrival: &Arrival,
    content: &[u8],
) -> Option<HttpResponse<Bytes>> {
    let (runtime, scratch, id) = (config.runtime, Scratch::default(), arrival.id.as_uuid());
    let context = match decode_request(config, head, arrival, content, &scratch) {
        Ok(context) => context,
        Err(NotDecoded::PassesThrough) => return None,
        Err(NotDecoded::Refused(candidate, refusal)) => return Some(config.refuse_as(candidate, head, &refusal, id)),
    };
    let (started, route, operation) = (Instant::now(), context.route, context.request.operation());
    let PipelineOutcome { result, decision } = serve(runtime, &context).await;
    let (metrics, counters) =
        (&runtime.config.metrics, runtime.config.states[route.index].backends[0].counters(operation));
    let mut response = match result {
        Ok(response) => {
            metrics.request_succeeded(counters, &route.name, operation.name());
            response
        }
        Err(refusal) => {
            if let Some(trace) = context.trace {
                trace.refused(&refusal);
            }
            refuse(runtime, route, operation, &refusal, id, None)
        }
    };
    if let Some(decision) = decision {
        decision.apply_to(&mut response);
    }
    metrics.request_took(counters, &route.name, operation.name(), started.elapsed());
    response.extensions_mut().insert(route.log_names[&operation].clone());
    Some(config.with_cors_headers(&head.headers, response))
}

/// Limits the rate of the client, authenticates the caller, selects the backend, and lets it serve the request.
async fn serve(runtime: &Runtime, context: &RequestContext<'_>) -> PipelineOutcome {
    let refused = |refusal| PipelineOutcome { result: Err(refusal), decision: None };
    if let Err(refusal) = limit_device(runtime, context) {
        return refused(refusal);
    }
    let caller = match authenticate_caller(context).await {
        Ok(caller) => caller,
        Err(refusal) => return refused(refusal),
    };
    if let Err(refusal) = limit_caller(runtime, context, &caller) {
        return refused(refusal);
    }
    let route = context.route;
    let Some(policy) = &route.policy else {
        let backend = route.own_backend();
        return PipelineOutcome {
            result: attempt(Attempt { runtime, context, backend, caller: &caller }).await,
            decision: None,
        };
    };
    // Boxed to keep the future of a policy out of the future of a plain route.
    Box::pin(serve_by_policy(runtime, context, policy, &caller)).await
}

/// Lets the backend that a policy selects serve the request.
async fn serve_by_policy(
    runtime: &Runtime,
    context: &RequestContext<'_>,
    policy: &Policy,
    caller: &AuthenticatedCaller,
) -> PipelineOutcome {
    let route = context.route;
    let selection = select_backend(runtime, context, policy, caller).await;
    if context.request.operation() != Operation::LoginBegin {
        let backend = &route.backends[selection.backend];
        let result = attempt(Attempt { runtime, context, backend, caller }).await;
        return PipelineOutcome { result, decision: Some(record_decision(runtime, route, policy, backend, selection)) };
    }
    let shadow = shadow::due(runtime, route);
    let context = &context.with_shadow_role(shadow.is_some());
    let mut outcome = begin_login(runtime, context, policy, selection, caller).await;
    if let Some(state) = shadow
        && let Some(call) = ShadowCall::of(runtime, context, state, caller, &mut outcome.result)
    {
        tokio::spawn(run_shadow_call(call));
    }
    outcome
}

/// Begins a login at the selected backend, else at those of the route's fallback.
async fn begin_login(
    runtime: &Runtime,
    context: &RequestContext<'_>,
    policy: &Policy,
    selection: Selection,
    caller: &AuthenticatedCaller,
) -> PipelineOutcome {
    let route = context.route;
    let selected = &route.backends[selection.backend];
    let Some(fallback) = &policy.fallback else {
        let result = attempt(Attempt { runtime, context, backend: selected, caller }).await;
        return PipelineOutcome {
            result,
            decision: Some(record_decision(runtime, route, policy, selected, selection)),
        };
    };
    let mut attempts = FallbackAttempts::new(route, fallback, selection.backend);
    while let Some(NextAttempt { backend, is_first, may_answer_with_decoy }) = attempts.next() {
        let context = &RequestContext { may_answer_with_decoy, ..context.clone() };
        let attempt = attempt(Attempt { runtime, context, backend, caller });
        let refusal = match timeout_at(attempts.deadline, attempt).await {
            Ok(Ok(response)) => {
                let reason = if is_first { selection.reason } else { Reason::Fallback };
                let decision = record_decision(runtime, route, policy, backend, Selection { reason, ..selection });
                return PipelineOutcome { result: Ok(response), decision: Some(decision) };
            }
            Ok(Err(refusal)) => refusal,
            Err(_) => Refusal::new(Fault::UpstreamTimeout, "the deadline of the route's fallback has passed"),
        };
        attempts.failed(runtime, backend, refusal);
    }
    let decision = record_decision(runtime, route, policy, selected, selection);
    PipelineOutcome { result: Err(attempts.into_refusal()), decision: Some(decision) }
}

/// Runs a shadow call, and compares its response with the primary's.
async fn run_shadow_call(call: ShadowCall) {
    let Some(_permit) = call.start().await else { return };
    let result = attempt(call.attempt(&call.context())).await;
    call.compare(result);
}

/// Lets one backend serve a request.
///
/// # Errors
/// The refusal to answer with.
pub(crate) async fn attempt(attempt: Attempt<'_>) -> Result<HttpResponse<Bytes>, Refusal> {
    let Attempt { context, backend, .. } = attempt;
    let operation = attempt.operation();
    let identity = identify_caller(attempt).await?;
    if !backend.supports(operation) {
        return Err(Refusal::new(Fault::NotEnabled, "the route does not support this operation"));
    }
    if let Some(response) = refresh::refresh_locally(attempt).await? {
        return encode_response(context, &response, false);
    }
    let begun = take_ceremony(attempt, identity.user.as_deref())?;
    let user = identity.requested_user(context.request.record(), attempt.upstream().identity.is_some());
    let upstream_user = map_user(attempt, &user, begun.as_ref().map(|begun| &*begun.ceremony)).await?;
    let mut request = build_upstream_request(attempt, begun.as_ref(), upstream_user.as_ref());
    let handles = before_call(attempt, &mut request, begun.as_ref()).await?;
    let answer =
        call_upstream(attempt, &request, begun.as_ref(), identity.user_at_upstream(upstream_user.as_ref())).await;
    let scratch = Scratch::default();
    let decoded = decode_response(attempt, &answer, &scratch);
    let mut decoded = after_decode(attempt, &request, &user, begun.as_ref(), handles, decoded).await?;
    let (ceremony, signed_in) = match begun {
        Some(begun) => {
            let signed_in = verify_subject(attempt, &begun.ceremony, upstream_user.as_ref(), &mut decoded.response)?;
            (Some(begun.ceremony), signed_in)
        }
        None if operation.is_begin() => {
            (Some(store_ceremony(attempt, &request, &user, upstream_user.as_ref(), identity, &mut decoded)?), None)
        }
        None => (None, None),
    };
    let ceremony = ceremony.as_deref();
    let names = map_user_back(attempt, user.or_begun(ceremony), upstream_user.as_ref(), &mut decoded.response).await?;
    build_response(attempt, ceremony, names.as_ref(), &mut decoded.response);
    after_proof(attempt, &request, ceremony, signed_in, names.as_ref(), &mut decoded.response).await?;
    encode_response(context, &decoded.response, decoded.is_decoy)
}
