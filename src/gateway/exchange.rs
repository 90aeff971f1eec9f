//! One exchange: from the caller's request to the caller's answer.
//!
//! This is the only place in the program that decides what becomes of a request on an operation's
//! path. Every way out of it is an answer in the caller's own envelope, or the request untouched.

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use http::header::USER_AGENT;
use http::{HeaderMap, Method, Request as HttpRequest, Response as HttpResponse, request};
use http_body::Body;
use jiff::Timestamp;
use uuid::Uuid;

use crate::canonical::fault::{Fault, Refusal};
use crate::canonical::operation::Operation;
use crate::ceremony::memory::Ceremonies;
use crate::gateway::content;
use crate::gateway::cors;
use crate::gateway::limits::Limits;
use crate::gateway::outcome::{self, Content, Exchange, Outcome, Peer, RequestId, RouteName, host_of};
use crate::gateway::plan::{Plan, Route};
use crate::gateway::resolve::Client;
use crate::gateway::respond;
use crate::gateway::router::Candidate;
use crate::gateway::serve::Asked;
use crate::gateway::trace::Trace;
use crate::gateway::work::Worker;
use crate::template::reader::{Reading, Scratch};

/// So many earlier configs keep finishing what was begun under them.
const MOST_FORMER: usize = 8;

/// What every worker shares.
#[derive(Debug)]
pub struct Shared {
    /// The routes.
    pub plan: Plan,
    /// The ceremonies that were begun.
    pub ceremonies: Arc<Ceremonies>,
    /// Limits on requests.
    pub limits: Limits,
    /// The hosts whose other requests pass through; `*` is any.
    pub passes: Vec<String>,
}

/// The gateway, as one worker runs it.
#[derive(Debug)]
pub struct Gateway {
    pub(crate) shared: Arc<Shared>,
    /// One for each upstream of the plan.
    pub(crate) workers: Vec<Worker>,
    /// How often the config was loaded before this.
    pub(crate) generation: u64,
    /// The gateways of earlier configs, newest first, for the ceremonies that were begun under them.
    former: Vec<Arc<Self>>,
}

/// Where a request goes, without its content.
pub(crate) struct Target<'a> {
    pub(crate) method: &'a Method,
    pub(crate) fields: &'a HeaderMap,
    /// Without the port.
    pub(crate) host: Option<&'a str>,
    pub(crate) path: &'a str,
}

impl Exchange for Gateway {
    async fn exchange<B>(&self, request: HttpRequest<B>) -> Outcome<B>
    where
        B: Body<Data = Bytes> + Send + Unpin,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let host = host_of(&request);
        let on_path = self.shared.plan.router.find(host, request.uri().path());
        let candidates: Vec<_> = on_path.iter().copied().filter(|one| one.method == request.method()).collect();
        let passes = self.passes(host);
        let id = correlation_id(request.extensions().get());
        let Some(first) = candidates.first().copied() else {
            let (method, fields, path) = (request.method(), request.headers(), request.uri().path());
            return match self.aside(&Target { method, fields, host, path }, &on_path, passes, id).await {
                Some(response) => Outcome::Answered(response),
                None => Outcome::Unmatched(request.map(Content::Unread)),
            };
        };
        let (head, body) = request.into_parts();
        let content = match content::read(&head.headers, body, &self.shared.limits).await {
            Ok(content) => content,
            Err(refusal) => {
                let response = self.refuse_with(first, &refusal, id, None);
                return Outcome::Answered(self.readable(first, &head.headers, response));
            }
        };
        match self.decide(&candidates, &head, &content, passes, id).await {
            Some(response) => {
                let response = self.readable(first, &head.headers, response);
                if let Some(trace) = head.extensions.get::<Trace>() {
                    trace.replied(&response);
                }
                Outcome::Answered(response)
            }
            None => Outcome::Unmatched(HttpRequest::from_parts(head, Content::Read(content))),
        }
    }

    fn refuse(&self, head: &request::Parts, refusal: outcome::Refusal) -> Option<HttpResponse<Bytes>> {
        let bare = HttpRequest::from_parts(head.clone(), ());
        let found = self.shared.plan.router.find(host_of(&bare), head.uri.path());
        let candidate = found.iter().find(|candidate| candidate.method == head.method)?;
        let refusal = match refusal {
            outcome::Refusal::HeadTooLarge | outcome::Refusal::TooManyFields => {
                Refusal::told(Fault::TooLarge, "The header fields are too large.")
            }
            outcome::Refusal::Overloaded => Refusal::new(Fault::Overloaded, "max_requests are under way"),
        };
        let response = self.refuse_with(candidate, &refusal, correlation_id(head.extensions.get()), None);
        Some(self.readable(candidate, &head.headers, response))
    }
}

impl Gateway {
    /// A gateway whose `workers` are those of the plan's upstreams, in their order.
    pub fn new(shared: Arc<Shared>, workers: Vec<Worker>) -> Self {
        Self { shared, workers, generation: 0, former: Vec::new() }
    }

    /// The same gateway, as what comes after another one.
    #[must_use]
    pub fn after(self, former: &Arc<Self>) -> Self {
        let kept = former.former.iter().take(MOST_FORMER - 1);
        Self {
            generation: former.generation + 1,
            former: std::iter::once(former).chain(kept).cloned().collect(),
            ..self
        }
    }

    /// The gateway of the config that a ceremony was begun under; this one, where that is too long ago.
    pub(crate) fn of_generation(&self, generation: u64) -> &Self {
        let former = self.former.iter().map(|former| &**former).find(|former| former.generation == generation);
        former.unwrap_or(self)
    }

    pub(crate) fn route(&self, candidate: &Candidate) -> &Route {
        &self.shared.plan.routes[candidate.route]
    }

    pub(crate) fn route_named(&self, name: &str) -> Option<&Route> {
        self.shared.plan.routes.iter().find(|route| &*route.name == name)
    }

    pub(crate) fn reading<'a>(&self, scratch: &'a Scratch, now: Timestamp) -> Reading<'a> {
        Reading { scratch, now, max_depth: self.shared.limits.max_depth.count(), lenient: false }
    }

    fn passes(&self, host: Option<&str>) -> bool {
        let listed = |name: &String| name == "*" || host.is_some_and(|host| host.eq_ignore_ascii_case(name));
        self.shared.passes.iter().any(listed)
    }

    /// The same answer, for the pages that may read it.
    fn readable(
        &self,
        candidate: &Candidate,
        fields: &HeaderMap,
        mut response: HttpResponse<Bytes>,
    ) -> HttpResponse<Bytes> {
        if let Some(cors) = &self.route(candidate).cors {
            cors::permit(cors, fields, response.headers_mut());
        }
        response
    }

    /// The answer to a request on an operation's path; `None` where it is to pass through.
    async fn decide(
        &self,
        candidates: &[&Candidate],
        head: &request::Parts,
        content: &[u8],
        passes: bool,
        id: Uuid,
    ) -> Option<HttpResponse<Bytes>> {
        let (scratch, now) = (Scratch::default(), Timestamp::now());
        match self.recognise(candidates, head, content, &scratch, now) {
            Ok((route, request)) if passes && route.passes_unseen && self.is_unseen(&request) => None,
            Ok((route, request)) => {
                let client = Client {
                    user_agent: head.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()),
                    address: head.extensions.get().map(|peer: &Peer| peer.address.ip().to_string()),
                };
                let trace = head.extensions.get::<Trace>();
                if let Some(trace) = trace {
                    trace.asked(head, content, request.record());
                }
                Some(self.answer(Asked { route, request, client, now, trace }, id).await)
            }
            Err(unrecognised) if unrecognised.is_another && passes => None,
            Err(unrecognised) => Some(self.refuse_with(unrecognised.candidate, &unrecognised.refusal, id, None)),
        }
    }

    /// What is answered on no operation's path and method; `None` where the request is to pass through.
    async fn aside(
        &self,
        target: &Target<'_>,
        on_path: &[&Candidate],
        passes: bool,
        id: Uuid,
    ) -> Option<HttpResponse<Bytes>> {
        let Some(other) = on_path.first() else { return self.document(target).await };
        let mut methods: Vec<_> = on_path.iter().map(|candidate| candidate.method.as_str()).collect();
        methods.dedup();
        let methods = methods.join(", ");
        match &self.route(other).cors {
            Some(cors) if cors::is_preflight(target.method, target.fields) => {
                Some(cors::preflight(cors, target.fields, &methods))
            }
            _ if passes => None,
            _ => {
                let refusal = Refusal::new(Fault::MethodNotAllowed, "no operation of the path has this method");
                let response = self.refuse_with(other, &refusal, id, Some(&methods));
                Some(self.readable(other, target.fields, response))
            }
        }
    }

    async fn answer(&self, asked: Asked<'_>, id: Uuid) -> HttpResponse<Bytes> {
        let (route, operation) = (asked.route, asked.request.operation());
        let mut response = match self.serve(&asked).await {
            Ok(response) => response,
            Err(refusal) => {
                if let Some(trace) = asked.trace {
                    trace.refused(&refusal);
                }
                refused(route, operation, &refusal, id, None)
            }
        };
        response.extensions_mut().insert(RouteName(format!("{} {}", route.name, operation.name()).into()));
        response
    }

    fn refuse_with(
        &self,
        candidate: &Candidate,
        refusal: &Refusal,
        id: Uuid,
        allow: Option<&str>,
    ) -> HttpResponse<Bytes> {
        refused(self.route(candidate), candidate.operation, refusal, id, allow)
    }
}

/// Tells the log why, and the caller what it may know.
fn refused(
    route: &Route,
    operation: Operation,
    refusal: &Refusal,
    id: Uuid,
    allow: Option<&str>,
) -> HttpResponse<Bytes> {
    let (name, operation_name) = (&*route.name, operation.name());
    let (fault, reason) = (refusal.fault.name(), &*refusal.reason);
    if refusal.fault.is_ours() {
        tracing::error!(route = name, operation = operation_name, fault, reason, correlation_id = %id, "refused");
    } else if refusal.fault.is_upstreams() {
        tracing::warn!(route = name, operation = operation_name, fault, reason, correlation_id = %id, "refused");
    } else {
        tracing::info!(route = name, operation = operation_name, fault, reason, correlation_id = %id, "refused");
    }
    respond::fault(route, operation, refusal, id, allow)
}

fn correlation_id(request_id: Option<&RequestId>) -> Uuid {
    request_id.and_then(|id| Uuid::parse_str(id.as_str()).ok()).unwrap_or_else(Uuid::new_v4)
}
