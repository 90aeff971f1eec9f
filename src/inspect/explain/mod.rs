//! What would become of one request, told without asking anybody: no socket is opened, no ceremony taken.
//!
//! It goes the way of [`exchange`](crate::gateway::pipeline) as far as that can be gone alone. What only a
//! running gateway knows, such as the ceremony that a finish belongs to, stands as `<...>`, and is said.

pub mod becomes;
pub mod considered;
pub mod faults;
mod offline;
mod picked;
pub mod shown_caller;

use bytes::Bytes;
use http::{Method, request};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::gateway::cors;
use crate::gateway::documents;
use crate::gateway::handler::host_of;
use crate::gateway::runtime::Runtime;
use crate::gateway::steps::decode_request::{self, ceremony_is_unknown};
use crate::gateway::steps::encode_response;
use crate::gateway::steps::match_operation::refresh_belongs_elsewhere;
use crate::gateway::trace::shown::Message;
use crate::gateway::trace::{Seen, shown};
use crate::inspect::explain::becomes::{Becomes, LostBack};
use crate::inspect::explain::considered::Considered;
use crate::inspect::explain::faults::ShownFault;
use crate::inspect::explain::shown_caller::ShownCaller;
use crate::model::fault::{Fault, Refusal};
use crate::model::message::Request;
use crate::provider::template::reader::Scratch;
use crate::routes::route::Route;
use crate::routes::router::Candidate;

/// What would become of a request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// In a word.
    pub verdict: Verdict,
    /// The request, without its secrets.
    pub request: Message,
    /// The host it is for, if it names one.
    pub host: Option<String>,
    /// Every route, and why it takes the request or not.
    pub routes: Vec<Considered>,
    /// What the route that takes it does with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken: Option<Taken>,
    /// What the caller is answered without anybody being asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answered>,
    /// Where it passes through to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passes_to: Option<String>,
}

/// What would become of a request, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// An upstream is asked.
    Carried,
    /// A route takes it, and refuses it itself.
    Refused,
    /// No operation matches: it goes on as it came.
    PassesThrough,
    /// The gateway answers by itself, without any route's operation.
    Answered,
    /// No route takes it, and nothing is there to pass it to.
    Unanswered,
}

/// What a route does with a request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Taken {
    /// The route.
    pub route: String,
    /// The dialect.
    pub dialect: String,
    /// The operation.
    pub operation: &'static str,
    /// The upstream's name.
    pub upstream: String,
    /// What the upstream is: a provider's id, or `embedded`.
    pub provider: String,
    /// Who must call, and whether the request shows it.
    pub caller: ShownCaller,
    /// What could not be known, and what is worth knowing.
    pub notes: Vec<String>,
    /// The members of the request, as they were understood.
    pub members: Map<String, Json>,
    /// What the upstream is sent, or told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<Seen>,
    /// What each member becomes.
    pub becomes: Vec<Becomes>,
    /// What the upstream says and the caller cannot hear.
    pub lost_back: Vec<LostBack>,
    /// How each fault looks to the caller.
    pub faults: Vec<ShownFault>,
}

/// An answer that needs no upstream.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answered {
    /// Why.
    pub reason: String,
    /// The fault, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<ShownFault>,
}

/// Explains a request.
pub fn explain(runtime: &Runtime, head: &request::Parts, content: &Bytes) -> Explanation {
    let host = host_of(head);
    let passes = runtime.config.has_passthrough(host);
    let on_path = runtime.config.plan.router.find(host, head.uri.path());
    let asked = |one: &&Candidate| {
        one.method == head.method && !(passes && refresh_belongs_elsewhere(runtime.route(one), one.operation))
    };
    let candidates: Vec<_> = on_path.iter().copied().filter(asked).collect();
    let mut explanation = Explanation {
        verdict: Verdict::Unanswered,
        request: Message::of_stranger(head, content),
        host: host.map(str::to_owned),
        routes: considered::consider(runtime, head, content, host),
        taken: None,
        answer: None,
        passes_to: None,
    };
    if candidates.is_empty() {
        explain_aside(runtime, &mut explanation, head, &on_path, passes);
        return explanation;
    }
    if content.len() > runtime.config.limits.max_content_bytes.count() {
        let refusal = Refusal::new(Fault::TooLarge, "the content is larger than max_content_bytes");
        explanation.refuse(runtime.route(candidates[0]), candidates[0], &refusal);
        return explanation;
    }
    let (scratch, now) = (Scratch::default(), Timestamp::now());
    match decode_request::decode(runtime, &candidates, head, content, &scratch, now) {
        Ok((route, request)) if passes && passes_unknown_token(runtime, route, &request) => {
            explanation.verdict = Verdict::PassesThrough;
        }
        Ok((route, request)) => {
            let offline::Way { shown, taken, refusal } = offline::way(runtime, route, &request, head, content, passes);
            explanation.request = shown;
            explanation.taken = Some(taken);
            explanation.verdict = Verdict::Carried;
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

/// Whether a request passes through with a refresh token that no embedded relying party issued.
fn passes_unknown_token(runtime: &Runtime, route: &Route, request: &Request<'_>) -> bool {
    let is_token = !request.operation().is_finish();
    route.passes_unknown_ceremonies && is_token && ceremony_is_unknown(runtime, route, request)
}

/// What becomes of a request on no operation's path and method.
fn explain_aside(
    runtime: &Runtime,
    explanation: &mut Explanation,
    head: &request::Parts,
    on_path: &[&Candidate],
    passes: bool,
) {
    let has_issuer = |route: &Route| {
        let backends = &mut route.backends.iter();
        route.is_for_host(explanation.host.as_deref()) && backends.any(|one| offline::has_issuer(runtime, route, one))
    };
    let reason = match on_path.first() {
        None if documents::is_document(&head.method, head.uri.path())
            && runtime.config.plan.routes.iter().any(has_issuer) =>
        {
            Some("it is a document of the gateway's own issuer")
        }
        Some(other) if runtime.route(other).cors.is_some() && cors::is_preflight(&head.method, &head.headers) => {
            Some("it asks for a browser whether a page may call, and the route's `cors` answers")
        }
        _ => None,
    };
    if let Some(reason) = reason {
        explanation.verdict = Verdict::Answered;
        explanation.answer = Some(Answered { reason: reason.to_owned(), fault: None });
        return;
    }
    match on_path.first() {
        _ if passes => explanation.verdict = Verdict::PassesThrough,
        None => {}
        Some(other) => {
            let refusal = Refusal::new(Fault::MethodNotAllowed, "no operation of the path has this method");
            explanation.refuse(runtime.route(other), other, &refusal);
            explanation.verdict = Verdict::Unanswered;
        }
    }
}

impl Explanation {
    fn refuse(&mut self, route: &Route, candidate: &Candidate, refusal: &Refusal) {
        let response = encode_response::fault(route, candidate.operation, refusal, Uuid::nil(), None);
        self.verdict = Verdict::Refused;
        let fault = Some(ShownFault::new(refusal.fault, &response));
        self.answer = Some(Answered { reason: refusal.reason.to_string(), fault });
    }
}

impl Message {
    /// A request that nobody has understood yet.
    fn of_stranger(head: &request::Parts, content: &[u8]) -> Self {
        let query = if head.uri.query().is_some() { "?..." } else { "" };
        shown::unread(&format!("{} {}{query}", head.method, head.uri.path()), &head.headers, content)
    }
}

/// Methods in words: `POST or PUT`.
fn methods<'m>(methods: impl Iterator<Item = &'m Method>) -> String {
    let mut names: Vec<_> = methods.map(Method::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names.join(" or ")
}
