//! Explains how a request is routed and translated, without calling anything.
//!
//! It runs the steps of the [pipeline](crate::gateway::pipeline) that need no I/O. A value that only a running gateway
//! knows, such as one from the ceremony of a finish, is shown as `<...>`, with a note.

mod backend_choice;
pub mod expected_caller;
pub mod explanation;
pub mod fault_preview;
pub mod member_flow;
mod offline;
mod route_match;

use bytes::Bytes;
use http::request;
use jiff::Timestamp;
use uuid::Uuid;

use crate::gateway::cors;
use crate::gateway::documents;
use crate::gateway::handler::host_of;
use crate::gateway::runtime::Runtime;
use crate::gateway::steps::decode_request::{ceremony_is_unknown, decode};
use crate::gateway::steps::encode_response;
use crate::gateway::steps::match_operation::refresh_belongs_elsewhere;
use crate::inspect::explain::explanation::{Explanation, LocalAnswer, Verdict};
use crate::inspect::explain::fault_preview::FaultPreview;
use crate::inspect::explain::offline::{OfflineRun, has_issuer, run_offline, undecoded};
use crate::inspect::explain::route_match::match_routes;
use crate::model::fault::{Fault, Refusal};
use crate::model::message::Request;
use crate::provider::template::decode_context::Scratch;
use crate::routes::route::Route;
use crate::routes::router::Candidate;

/// Explains a request.
pub fn explain(runtime: &Runtime, head: &request::Parts, content: &Bytes) -> Explanation {
    let host = host_of(head);
    let passes = runtime.config.has_passthrough(host);
    let on_path = runtime.config.plan.router.find(host, head.uri.path());
    let is_served = |one: &&Candidate| {
        one.method == head.method && !(passes && refresh_belongs_elsewhere(runtime.route(one), one.operation))
    };
    let candidates: Vec<_> = on_path.iter().copied().filter(is_served).collect();
    let mut explanation = Explanation {
        verdict: Verdict::NoRoute,
        request: undecoded(head, content),
        host: host.map(str::to_owned),
        routes: match_routes(runtime, head, content, host),
        handling: None,
        answer: None,
        passthrough_target: None,
    };
    if candidates.is_empty() {
        explain_no_operation(runtime, &mut explanation, head, &on_path, passes);
        return explanation;
    }
    if content.len() > runtime.config.limits.max_content_bytes.count() {
        let refusal = Refusal::new(Fault::TooLarge, "the content is larger than max_content_bytes");
        explanation.refuse(runtime.route(candidates[0]), candidates[0], &refusal);
        return explanation;
    }
    let (scratch, now) = (Scratch::default(), Timestamp::now());
    match decode(runtime, &candidates, head, content, &scratch, now) {
        Ok((route, request)) if passes && is_foreign_refresh(runtime, route, &request) => {
            explanation.verdict = Verdict::PassesThrough;
        }
        Ok((route, request)) => {
            let OfflineRun { shown, handling, refusal } = run_offline(runtime, route, &request, head, content, passes);
            explanation.request = shown;
            explanation.handling = Some(handling);
            explanation.verdict = Verdict::CallsUpstream;
            if let Some(refusal) = refusal {
                let candidate = candidates.iter().find(|one| one.operation == request.operation());
                explanation.refuse(route, candidate.unwrap_or(&candidates[0]), &refusal);
            }
        }
        Err(unrecognised) if unrecognised.is_other_message && passes => explanation.verdict = Verdict::PassesThrough,
        Err(unrecognised) => {
            let route = runtime.route(unrecognised.candidate);
            explanation.refuse(route, unrecognised.candidate, &unrecognised.refusal);
        }
    }
    explanation
}

/// Whether a request passes through because no embedded relying party issued its refresh token.
fn is_foreign_refresh(runtime: &Runtime, route: &Route, request: &Request<'_>) -> bool {
    route.passes_unknown_ceremonies && !request.operation().is_finish() && ceremony_is_unknown(runtime, route, request)
}

/// Explains a request that matches no operation.
fn explain_no_operation(
    runtime: &Runtime,
    explanation: &mut Explanation,
    head: &request::Parts,
    on_path: &[&Candidate],
    passes: bool,
) {
    let issues_tokens = |route: &Route| {
        let mut backends = route.backends.iter();
        route.is_for_host(explanation.host.as_deref()) && backends.any(|backend| has_issuer(runtime, route, backend))
    };
    let reason = match on_path.first() {
        None if documents::is_document(&head.method, head.uri.path())
            && runtime.config.plan.routes.iter().any(issues_tokens) =>
        {
            Some("a document of the gateway's own token issuer")
        }
        Some(other) if runtime.route(other).cors.is_some() && cors::is_preflight(&head.method, &head.headers) => {
            Some("a CORS preflight, answered from the route's `cors`")
        }
        _ => None,
    };
    if let Some(reason) = reason {
        explanation.verdict = Verdict::AnsweredLocally;
        explanation.answer = Some(LocalAnswer { reason: reason.to_owned(), fault: None });
        return;
    }
    match on_path.first() {
        _ if passes => explanation.verdict = Verdict::PassesThrough,
        None => {}
        Some(other) => {
            let refusal = Refusal::new(Fault::MethodNotAllowed, "no operation on this path has this method");
            explanation.refuse(runtime.route(other), other, &refusal);
            explanation.verdict = Verdict::NoRoute;
        }
    }
}

impl Explanation {
    fn refuse(&mut self, route: &Route, candidate: &Candidate, refusal: &Refusal) {
        let response = encode_response::fault(route, candidate.operation, refusal, Uuid::nil(), None);
        self.verdict = Verdict::Refused;
        let fault = Some(FaultPreview::new(refusal.fault, &response));
        self.answer = Some(LocalAnswer { reason: refusal.reason.to_string(), fault });
    }
}
