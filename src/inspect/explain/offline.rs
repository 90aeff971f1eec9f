//! Runs the steps of the pipeline for a matched request as far as they need no I/O.
//!
//! A value that only a running gateway knows is shown as `<...>`: the claims of a token, what the begin of a ceremony
//! stored, the address of the caller.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::USER_AGENT;
use http::uri::PathAndQuery;
use http::{Uri, request};
use jiff::Timestamp;
use serde_json::Map;

use crate::caller_auth::{AuthenticatedCaller, VerifiedBy};
use crate::ceremony::{Ceremony, SentToUpstream, Subject};
use crate::gateway::client_data;
use crate::gateway::context::Client;
use crate::gateway::runtime::Runtime;
use crate::gateway::steps::build_upstream_request::RequestParts;
use crate::gateway::steps::call_upstream::encode_request;
use crate::gateway::trace::shown::{self, Message};
use crate::gateway::trace::{Seen, Stage, Trace};
use crate::inspect::explain::backend_choice::{BackendChoice, choose_backend};
use crate::inspect::explain::expected_caller::ExpectedCaller;
use crate::inspect::explain::explanation::Handling;
use crate::inspect::explain::fault_preview::faults;
use crate::inspect::explain::member_flow::FlowTracer;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::message::Request;
use crate::model::operation::{Direction, Operation};
use crate::model::record::text;
use crate::model::user_verification::UserVerification;
use crate::model::value::{Value, ValueKind};
use crate::provider::template::message::Caller;
use crate::routes::assignment::Given;
use crate::routes::route::{Backend, Route};
use crate::routes::upstream::{Upstream, UpstreamKind};
use crate::upstream::default_headers;

/// The result of the steps that run offline.
pub(super) struct OfflineRun {
    /// The caller's request, without its secrets.
    pub(super) shown: Message,
    pub(super) handling: Handling,
    /// Set if the gateway refuses the request.
    pub(super) refusal: Option<Refusal>,
}

pub(super) fn run_offline(
    runtime: &Runtime,
    route: &Route,
    request: &Request<'_>,
    head: &request::Parts,
    content: &Bytes,
    passes: bool,
) -> OfflineRun {
    let operation = request.operation();
    let trace = Trace::default();
    trace.received(head, content, request.record());
    let (claims, caller) = caller_of(route, operation);
    let BackendChoice { backend, reason } =
        choose_backend(&runtime.config.plan, route, request, &caller.claims, caller.verified_by, &head.headers);
    let upstream = &runtime.config.plan.upstreams[backend.upstream];
    trace.conceal(backend.secrets());
    let challenge = operation.is_finish().then(|| client_data::challenge_of_finish(request.record()));
    let begun = challenge.as_ref().map(|_| begun(route, backend, upstream, request, &claims));
    let address = placeholder("caller address");
    let user_agent = head.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    let given = challenge.as_ref().and_then(|challenge| challenge.as_deref().ok());
    let mapped =
        upstream.identity.as_deref().map(|map| map.fictitious_user(&placeholder("user from the identity map")));
    let parts = RequestParts {
        request,
        backend,
        caller: &caller,
        client: Client { user_agent, address: Some(&address), ..Client::default() },
        ceremony: begun.as_ref(),
        challenge: given,
        user: mapped.as_ref(),
    };
    let upstream_request = parts.build();
    let refreshes = refreshes_locally(route, operation);
    let refusal = match challenge {
        _ if !backend.supports(operation) => {
            Some(Refusal::new(Fault::NotEnabled, "the route does not support this operation"))
        }
        Some(Err(refusal)) => Some(refusal),
        _ if refreshes => None,
        _ => encode(upstream, &upstream_request, Timestamp::now(), &trace).err(),
    };
    let tracer = FlowTracer {
        route,
        backend,
        upstream: upstream.side(),
        request,
        upstream_request: &upstream_request,
        begun: begun.as_ref().map(|ceremony| &ceremony.sent),
        claims: &claims,
        content: serde_json::from_slice(content).ok(),
    };
    let member_flows = if backend.supports(operation) && !refreshes { tracer.flows() } else { Vec::new() };
    let mut handling = Handling {
        route: route.name.to_string(),
        dialect: route.dialect.id.clone(),
        operation: operation.name(),
        upstream: upstream.name.to_string(),
        provider: upstream.side().name().to_owned(),
        caller: ExpectedCaller::new(route, request),
        notes: reason.into_iter().chain(notes(route, backend, upstream, request, passes)).collect(),
        members: Map::new(),
        sent: None,
        member_flows,
        lost_in_response: tracer.lost_in_response(),
        faults: faults(route, operation),
    };
    let shown = handling.add_trace(&trace).unwrap_or_else(|| undecoded(head, content));
    OfflineRun { shown, handling, refusal }
}

/// A request that is not decoded, without its query.
pub(super) fn undecoded(head: &request::Parts, content: &[u8]) -> Message {
    let query = if head.uri.query().is_some() { "?..." } else { "" };
    shown::unread(&format!("{} {}{query}", head.method, head.uri.path()), &head.headers, content)
}

/// Whether an embedded relying party issues the tokens of a route.
pub(super) fn has_issuer(runtime: &Runtime, route: &Route, backend: &Backend) -> bool {
    let upstreams = &runtime.config.plan.upstreams;
    matches!(upstreams[route.issuer.unwrap_or(backend.upstream)].kind, UpstreamKind::Embedded(_))
}

impl Handling {
    /// Adds what a trace recorded, and returns the caller's request.
    fn add_trace(&mut self, trace: &Trace) -> Option<Message> {
        let mut shown = None;
        for step in trace.steps() {
            match (step.stage, step.seen) {
                (Stage::CallerRequest, Seen::Message(message)) => shown = Some(message),
                (Stage::ModelRequest, Seen::Members(members)) => self.members = members,
                (Stage::UpstreamRequest, sent) => self.sent = Some(sent),
                _ => {}
            }
        }
        shown
    }
}

/// Whether the route's own issuer refreshes the tokens.
fn refreshes_locally(route: &Route, operation: Operation) -> bool {
    route.issuer.is_some() && operation == Operation::SessionRefresh
}

fn notes(route: &Route, backend: &Backend, upstream: &Upstream, request: &Request<'_>, passes: bool) -> Vec<String> {
    let operation = request.operation();
    let mut notes: Vec<&str> = Vec::new();
    if operation.is_finish() {
        notes.push(
            "the ceremony is not known offline: its challenge is not checked, and values from its begin are shown as <...>",
        );
        if passes && route.passes_unknown_ceremonies {
            notes.push("a finish whose begin the gateway did not see passes through (`unknown_ceremonies`)");
        }
        let wants = route.min_user_verification == Some(UserVerification::Required);
        if wants && !client_data::user_was_verified(request.record()) {
            notes.push("the route requires user verification, which is missing: the caller gets `assertion_rejected`");
        }
    }
    if refreshes_locally(route, operation) {
        notes.push("the route's issuer refreshes the tokens, and the upstream is not called");
    }
    if !backend.supports(operation) {
        notes.push("`passbridge check` shows why the route does not support this operation");
    }
    notes.into_iter().map(str::to_owned).chain(note_on_handles(upstream, operation)).collect()
}

/// A note on the file of user handles, which is not read offline.
fn note_on_handles(upstream: &Upstream, operation: Operation) -> Option<String> {
    let file = upstream.handles.as_ref()?.display();
    match operation {
        Operation::LoginFinish => Some(format!(
            "`{file}` is not read offline: the upstream gets the user handle that it maps the passkey to, and other passkeys \
             are forwarded unchanged; a user handle that differs from the passkey's original one gives `assertion_rejected`"
        )),
        Operation::RegistrationBegin | Operation::SignupBegin => Some(format!(
            "`{file}` is not read offline: it gives the user handle for the client, if the dialect has a member for it, and \
             completes `exclude_credentials`"
        )),
        Operation::RegistrationFinish | Operation::SignupFinish => {
            Some(format!("the passkey is added to `{file}` before the upstream is called"))
        }
        Operation::CredentialsDelete => {
            Some(format!("the passkey is removed from `{file}` after the upstream has deleted it"))
        }
        Operation::LoginBegin | Operation::SessionRefresh | Operation::CredentialsList => None,
    }
}

fn placeholder(text: &str) -> String {
    format!("<{text}>")
}

/// The members that the caller's token gives, and a caller with placeholders for them.
fn caller_of(route: &Route, operation: Operation) -> (Vec<Member>, AuthenticatedCaller) {
    let (claims, verified_by) = match route.dialect.operations[&operation].request.caller {
        Caller::User => (route.callers.claim_members(), route.callers.user_verified_by()),
        _ => (Vec::new(), VerifiedBy::Gateway),
    };
    let claimed = claims.iter().filter_map(|member| claimed(*member)).collect();
    (claims, AuthenticatedCaller { claims: claimed, verified_by, is_backend: false })
}

fn claimed(member: Member) -> Option<(Member, Value<'static>)> {
    let text = placeholder(&format!("{} of the token", member.name()));
    (member.kind() == ValueKind::Text).then_some((member, Value::Text(Cow::Owned(text))))
}

/// A placeholder for the ceremony of a finish: the members that the upstream's begin request had, unless the config sets
/// them to a constant.
fn begun(route: &Route, backend: &Backend, upstream: &Upstream, request: &Request<'_>, claims: &[Member]) -> Ceremony {
    let begun_by = match request.operation() {
        Operation::RegistrationFinish => Operation::RegistrationBegin,
        Operation::SignupFinish => Operation::SignupBegin,
        _ => Operation::LoginBegin,
    };
    let sent = upstream.side().members_of(begun_by, Direction::Request, true).unwrap_or_default();
    let accepted =
        route.dialect.operations.get(&begun_by).map(|template| template.request.carried()).unwrap_or_default();
    let has = |members: &[(Member, _)], member| members.iter().any(|(known, _)| *known == member);
    let begin_member = |member: Member| -> Option<Box<str>> {
        let set = backend.set.iter().find(|assignment| assignment.member == member);
        let is_known = match set.map(|assignment| &assignment.given) {
            Some(Given::Constant(_)) => return None,
            Some(Given::Reference { member: of, .. }) => has(&accepted, *of) || claims.contains(of),
            None => has(&accepted, member) || claims.contains(&member),
        };
        let own = text(request.record(), member).filter(|_| set.is_none());
        let placeholder = || placeholder(&format!("{} from the begin", member.name())).into_boxed_str();
        (has(&sent, member) && is_known).then(|| own.unwrap_or_else(placeholder))
    };
    Ceremony {
        generation: 0,
        verify_user: false,
        is_decoy: false,
        route: route.name.clone(),
        upstream: upstream.name.clone(),
        begun_by,
        upstream_session: Some(placeholder("upstream session").into()),
        caller_session: None,
        requested: Subject::default(),
        sent: SentToUpstream {
            subject: Subject { id: begin_member(Member::UserId), email: begin_member(Member::UserEmail) },
            account: begin_member(Member::Account),
            organization: begin_member(Member::Organization),
            connection: begin_member(Member::Connection),
        },
        expected: Subject::default(),
        bearer_user: None,
        handles: None,
    }
}

/// Adds the upstream request to the trace.
fn encode(upstream: &Upstream, request: &Request<'_>, now: Timestamp, trace: &Trace) -> Result<(), Refusal> {
    match &upstream.kind {
        UpstreamKind::Embedded(_) => trace.sent_to_relying_party(request.record()),
        UpstreamKind::Http { provider, base_url, .. } => {
            let mut encoded = encode_request(provider, request, now)?;
            let target = encoded.uri().path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
            if let Some(uri) = base_url.with_target(&target).and_then(|url| url.as_str().parse::<Uri>().ok()) {
                *encoded.uri_mut() = uri;
            }
            let has_content = !encoded.body().is_empty();
            default_headers::add_missing(encoded.headers_mut(), has_content);
            trace.sent_to_provider(&encoded, request.record());
        }
    }
    Ok(())
}
