//! One exchange: from the caller's request to the caller's answer.
//!
//! This is the only place in the program that decides what becomes of a request on an operation's
//! path. Every way out of it is an answer in the caller's own envelope, or the request untouched.

use std::collections::BTreeMap;
use std::error::Error;
use std::iter;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::USER_AGENT;
use http::{HeaderMap, Response as HttpResponse, request};
use http_body::Body;
use jiff::Timestamp;
use uuid::Uuid;

use crate::ceremony::memory::Ceremonies;
use crate::features::user_handles::Handles;
use crate::gateway::context::{Part, PipelineOutcome, RequestContext};
use crate::gateway::cors;
use crate::gateway::handler::{self, Arrival, Content, Handler, host_of};
use crate::gateway::limits::Limits;
use crate::gateway::metrics::Metrics;
use crate::gateway::retired_config::{ConfigMatch, RetiredConfig};
use crate::gateway::steps::build_upstream_request::Client;
use crate::gateway::steps::call_upstream::Worker;
use crate::gateway::steps::decode_request::Unrecognised;
use crate::gateway::steps::read_content;
use crate::gateway::trace::Trace;
use crate::model::fault::{Fault, Refusal};
use crate::model::operation::Operation;
use crate::provider::template::reader::{Reading, Scratch};
use crate::routes::router::Candidate;
use crate::routes::{Plan, Route};

/// What every worker shares.
#[derive(Debug)]
pub struct Shared {
    /// The routes.
    pub plan: Plan,
    /// The ceremonies that were begun.
    pub ceremonies: Arc<Ceremonies>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Limits on requests.
    pub limits: Limits,
    /// The hosts whose other requests pass through; `*` is any.
    pub passes: Vec<String>,
    /// A hash of what the config says, for people to tell one from another.
    pub fingerprint: String,
}

/// The gateway, as one worker runs it.
#[derive(Clone, Debug)]
pub struct Gateway {
    pub(crate) shared: Arc<Shared>,
    /// One for each upstream of the plan.
    pub(crate) workers: Arc<[Worker]>,
    /// How often the config was loaded before this.
    pub(crate) generation: u64,
    /// What the config is called in the log: that number, and the hash of what it says.
    pub(crate) config: Arc<str>,
    /// The workers of shadows, by route: nothing of them is shared with those above.
    pub(crate) shadows: Arc<BTreeMap<Arc<str>, Worker>>,
    /// The user handles of each upstream's passkeys, where it has a file of them; nothing where none has.
    pub(crate) handles: Arc<[Option<Handles>]>,
    /// The gateways of earlier configs, newest first, for the ceremonies that were begun under them.
    pub(crate) former: Vec<RetiredConfig>,
}

impl Handler for Gateway {
    async fn exchange<B>(
        &self,
        head: &request::Parts,
        arrival: &Arrival,
        host: Option<&str>,
        content: &mut Content<B>,
    ) -> Option<HttpResponse<Bytes>>
    where
        B: Body<Data = Bytes> + Send + Unpin,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let (method, fields, path) = (&head.method, &head.headers, head.uri.path());
        let passes = self.passes(host);
        let on_path = self.shared.plan.router.find(host, path);
        let asked = |one: &&Candidate| one.method == *method && !(passes && self.leaves(one));
        let own = ConfigMatch { gateway: self, candidates: on_path.iter().copied().filter(asked).collect() };
        let earlier = self.earlier(host, path, method, fields);
        let id = arrival.id.as_uuid();
        let aside = match own.candidates.is_empty() {
            true => self.aside((head, host), &on_path, passes, id).await,
            false => None,
        };
        let Some(likeliest) = iter::once(&own).chain(&earlier).find(|door| !door.candidates.is_empty()) else {
            return aside;
        };
        let content = match read_content::read(fields, content, &self.shared.limits).await {
            Ok(content) => content,
            Err(refusal) => return Some(likeliest.refuse(fields, &refusal, id)),
        };
        let door = earlier.iter().find(|door| door.was_entered(head, &content)).unwrap_or(&own);
        let answer = match door.candidates.is_empty() {
            true => aside,
            // Boxed for the same reason as the whole: see the server's application.
            false => Box::pin(door.decide(head, arrival, &content, passes)).await,
        };
        if let (Some(response), Some(trace)) = (&answer, head.extensions.get::<Trace>()) {
            trace.replied(response);
        }
        answer
    }

    fn refuse(
        &self,
        head: &request::Parts,
        arrival: &Arrival,
        refusal: handler::Refusal,
    ) -> Option<HttpResponse<Bytes>> {
        let found = self.shared.plan.router.find(host_of(head), head.uri.path());
        let candidate = found.iter().find(|candidate| candidate.method == head.method)?;
        let refusal = match refusal {
            handler::Refusal::HeadTooLarge | handler::Refusal::TooManyFields => {
                Refusal::with_public_message(Fault::TooLarge, "The header fields are too large.")
            }
            handler::Refusal::Overloaded => Refusal::new(Fault::Overloaded, "max_requests are under way"),
        };
        let response = self.refuse_with(candidate, &refusal, arrival.id.as_uuid(), None);
        Some(self.readable(candidate, &head.headers, response))
    }
}

impl Gateway {
    /// A gateway whose `workers` are those of the plan's upstreams, in their order.
    pub fn new(shared: Arc<Shared>, workers: Vec<Worker>) -> Self {
        let config = config_name(0, &shared);
        let (workers, shadows, handles) = (workers.into(), Arc::default(), Arc::default());
        Self { shared, workers, generation: 0, config, shadows, handles, former: Vec::new() }
    }

    /// The same gateway, in the place of another one, whose ceremonies it lets finish.
    #[must_use]
    pub fn after(self, replaced: &Self) -> Self {
        let generation = replaced.generation + 1;
        Self {
            generation,
            config: config_name(generation, &self.shared),
            former: RetiredConfig::after(replaced),
            ..self
        }
    }

    /// The same gateway without the earlier ones.
    pub(crate) fn alone(&self) -> Self {
        Self { former: Vec::new(), ..self.clone() }
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

    pub(crate) fn passes(&self, host: Option<&str>) -> bool {
        let listed = |name: &String| name == "*" || host.is_some_and(|host| host.eq_ignore_ascii_case(name));
        self.shared.passes.iter().any(listed)
    }

    /// Whether an operation is left to whoever else is there for the host: tokens are renewed by whoever
    /// made them.
    pub(crate) fn leaves(&self, candidate: &Candidate) -> bool {
        let operation = candidate.operation;
        operation == Operation::SessionRefresh && !self.route(candidate).ways().any(|way| way.carries(operation))
    }

    /// The same answer, for the pages that may read it.
    pub(crate) fn readable(
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
    pub(crate) async fn decide(
        &self,
        candidates: &[&Candidate],
        head: &request::Parts,
        arrival: &Arrival,
        content: &[u8],
        passes: bool,
    ) -> Option<HttpResponse<Bytes>> {
        let id = arrival.id.as_uuid();
        let (scratch, now) = (Scratch::default(), Timestamp::now());
        // Decided before the first wait, so that what it takes to decide is not kept meanwhile.
        let asked = match self.ask_of(candidates, (head, arrival), content, passes, (&scratch, now)) {
            Ok(asked) => asked,
            Err(unrecognised) => {
                return unrecognised.map(|one| self.refuse_with(one.candidate, &one.refusal, id, None));
            }
        };
        Some(self.answer(&asked, id).await)
    }

    /// What a request asks for; else what it fails to be, or `None` where it is to pass through.
    fn ask_of<'a>(
        &'a self,
        candidates: &[&'a Candidate],
        (head, arrival): (&'a request::Parts, &'a Arrival),
        content: &'a [u8],
        passes: bool,
        (scratch, now): (&'a Scratch, Timestamp),
    ) -> Result<RequestContext<'a>, Option<Unrecognised<'a>>> {
        let recognised = self.recognise(candidates, head, content, scratch, now);
        let (route, request) = recognised.map_err(|one| (!one.is_another || !passes).then_some(one))?;
        if passes && route.passes_unseen && self.is_unseen(route, &request) {
            return Err(None);
        }
        let client = Client {
            user_agent: head.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()),
            address: Some(&arrival.peer.ip),
        };
        let trace = head.extensions.get::<Trace>();
        if let Some(trace) = trace {
            trace.asked(head, content, request.record());
        }
        Ok(RequestContext {
            route,
            request,
            client,
            now,
            fields: &head.headers,
            trace,
            part: Part::Alone,
            stands_in: true,
        })
    }

    /// What is answered on no operation's path and method; `None` where the request is to pass through.
    async fn aside(
        &self,
        (head, host): (&request::Parts, Option<&str>),
        on_path: &[&Candidate],
        passes: bool,
        id: Uuid,
    ) -> Option<HttpResponse<Bytes>> {
        let Some(other) = on_path.first() else { return self.document(head, host).await };
        let mut methods: Vec<_> = on_path.iter().map(|candidate| candidate.method.as_str()).collect();
        methods.dedup();
        let methods = methods.join(", ");
        match &self.route(other).cors {
            Some(cors) if cors::is_preflight(&head.method, &head.headers) => {
                Some(cors::preflight(cors, &head.headers, &methods))
            }
            _ if passes => None,
            _ => {
                let refusal = Refusal::new(Fault::MethodNotAllowed, "no operation of the path has this method");
                let response = self.refuse_with(other, &refusal, id, Some(&methods));
                Some(self.readable(other, &head.headers, response))
            }
        }
    }

    async fn answer(&self, asked: &RequestContext<'_>, id: Uuid) -> HttpResponse<Bytes> {
        let (route, operation) = (asked.route, asked.request.operation());
        let started = Instant::now();
        let PipelineOutcome { outcome, decided } = self.serve(asked).await;
        let mut response = match outcome {
            Ok(response) => {
                self.shared.metrics.succeeded(route, operation);
                response
            }
            Err(refusal) => {
                if let Some(trace) = asked.trace {
                    trace.refused(&refusal);
                }
                self.refused(route, operation, &refusal, id, None)
            }
        };
        if let Some(decided) = decided {
            decided.mark(&mut response);
        }
        self.shared.metrics.took(route, operation, started.elapsed());
        response.extensions_mut().insert(route.line_names[&operation].clone());
        response
    }
}

fn config_name(generation: u64, shared: &Shared) -> Arc<str> {
    format!("{generation}-{}", shared.fingerprint).into()
}
