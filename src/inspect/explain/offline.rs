//! The way of a request that a route takes, as far as it can be gone without anybody else.
//!
//! What a running gateway would have from elsewhere stands as `<...>`: claims of a token, what the begin of a
//! ceremony left, where the caller connects from.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::USER_AGENT;
use http::uri::PathAndQuery;
use http::{Uri, request};
use jiff::Timestamp;
use serde_json::Map;

use crate::caller_auth::{Admission, Judge};
use crate::ceremony::{Ceremony, SentToUpstream, Subject};
use crate::gateway::client_data;
use crate::gateway::context::Client;
use crate::gateway::runtime::Runtime;
use crate::gateway::steps::build_upstream_request::RequestParts;
use crate::gateway::steps::call_upstream::encode_request;
use crate::gateway::trace::shown::Message;
use crate::gateway::trace::{Seen, Stage, Trace};
use crate::inspect::explain::Taken;
use crate::inspect::explain::becomes::MemberFlow;
use crate::inspect::explain::faults::faults;
use crate::inspect::explain::picked::{self, Picked};
use crate::inspect::explain::shown_caller::ShownCaller;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::message::Request;
use crate::model::operation::{Direction, Operation};
use crate::model::record::text;
use crate::model::user_verification::UserVerification;
use crate::model::value::{Kind, Value};
use crate::provider::template::message::Caller;
use crate::routes::assignment::Given;
use crate::routes::route::{Backend, Route};
use crate::routes::upstream::{Upstream, UpstreamKind};
use crate::upstream::default_headers;

/// A request on its way.
pub(super) struct Way {
    /// The caller's request, without its secrets.
    pub(super) shown: Message,
    pub(super) taken: Taken,
    /// Where the gateway itself refuses it.
    pub(super) refusal: Option<Refusal>,
}

pub(super) fn way(
    runtime: &Runtime,
    route: &Route,
    request: &Request<'_>,
    head: &request::Parts,
    content: &Bytes,
    passes: bool,
) -> Way {
    let operation = request.operation();
    let trace = Trace::default();
    trace.received(head, content, request.record());
    let is_user = route.dialect.operations[&operation].request.caller == Caller::User;
    let (claims, judge) = match is_user {
        true => (route.callers.claimed(), route.callers.judge()),
        false => (Vec::new(), Judge::Gateway),
    };
    let claimed: Vec<_> = claims.iter().filter_map(|member| claimed(*member)).collect();
    let Picked { backend, reason } = picked::pick(&runtime.config.plan, route, request, &claimed, judge, &head.headers);
    let upstream = &runtime.config.plan.upstreams[backend.upstream];
    trace.conceal(backend.secrets());
    let admission = Admission { claims: claimed, judge };
    let challenge = operation.is_finish().then(|| client_data::challenge_of_finish(request.record()));
    let begun = challenge.as_ref().map(|_| begun(route, backend, upstream, request, &claims));
    let address = stand_in("the caller's address");
    let client = Client {
        user_agent: head.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()),
        address: Some(&address),
    };
    let given = challenge.as_ref().and_then(|challenge| challenge.as_deref().ok());
    let mapped = upstream.identity.as_deref().map(|map| map.made_up(&stand_in("the user by the identity map")));
    let parts = RequestParts {
        request,
        backend,
        caller: &admission,
        client,
        ceremony: begun.as_ref(),
        challenge: given,
        user: mapped.as_ref(),
    };
    let told = parts.build();
    let renews = renews(route, operation);
    let refusal = match challenge {
        _ if !backend.supports(operation) => {
            Some(Refusal::new(Fault::NotEnabled, "the route does not support this operation"))
        }
        Some(Err(refusal)) => Some(refusal),
        _ if renews => None,
        _ => write(upstream, &told, Timestamp::now(), &trace).err(),
    };
    let journey = MemberFlow {
        route,
        backend,
        upstream: upstream.side(),
        asked: request,
        told: &told,
        begun: begun.as_ref().map(|ceremony| &ceremony.sent),
        claims: &claims,
        content: serde_json::from_slice(content).ok(),
    };
    let becomes = if backend.supports(operation) && !renews { journey.becomes() } else { Vec::new() };
    let mut taken = Taken {
        route: route.name.to_string(),
        dialect: route.dialect.id.clone(),
        operation: operation.name(),
        upstream: upstream.name.to_string(),
        provider: upstream.side().name().to_owned(),
        caller: ShownCaller::new(route, request),
        notes: reason.into_iter().chain(notes(route, backend, upstream, request, passes)).collect(),
        members: Map::new(),
        sent: None,
        becomes,
        lost_back: journey.lost_back(),
        faults: faults(route, operation),
    };
    let shown = taken.seen(&trace).unwrap_or_else(|| Message::of_stranger(head, content));
    Way { shown, taken, refusal }
}

/// Whether an embedded relying party makes the tokens of a route.
pub(super) fn has_issuer(runtime: &Runtime, route: &Route, backend: &Backend) -> bool {
    let upstreams = &runtime.config.plan.upstreams;
    matches!(upstreams[route.issuer.unwrap_or(backend.upstream)].kind, UpstreamKind::Embedded(_))
}

impl Taken {
    /// Takes over what a trace saw, and hands out the caller's request.
    fn seen(&mut self, trace: &Trace) -> Option<Message> {
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

/// Whether the route's own issuer does it.
fn renews(route: &Route, operation: Operation) -> bool {
    route.issuer.is_some() && operation == Operation::SessionRefresh
}

/// What could not be known, and what is worth knowing.
fn notes(route: &Route, backend: &Backend, upstream: &Upstream, request: &Request<'_>, passes: bool) -> Vec<String> {
    let operation = request.operation();
    let mut notes: Vec<&str> = Vec::new();
    if operation.is_finish() {
        notes.push(
            "the ceremony is not known offline: whether its challenge was given out, for whom, and whether it is \
             still good; what its begin left stands as <...>",
        );
        if passes && route.passes_unknown_ceremonies {
            notes.push("a finish whose begin the gateway never saw passes through (`unknown_ceremonies`)");
        }
        let wants = route.min_user_verification == Some(UserVerification::Required);
        if wants && !client_data::user_was_verified(request.record()) {
            notes.push("the route wants the user verified, and it was not: assertion_rejected is answered");
        }
    }
    if renews(route, operation) {
        notes.push("the route's issuer renews the tokens, and the upstream is not asked");
    }
    if !backend.supports(operation) {
        notes.push("`passbridge check` tells what stands in the way");
    }
    notes.into_iter().map(str::to_owned).chain(bridged(upstream, operation)).collect()
}

/// What the file of user handles has to say, which is not asked here.
fn bridged(upstream: &Upstream, operation: Operation) -> Option<String> {
    let file = upstream.handles.as_ref()?.display();
    match operation {
        Operation::LoginFinish => Some(format!(
            "`{file}` is not read here: the upstream is told the user handle that stands there for the passkey, and one \
             that is not there passes on as it comes; another handle than the passkey was born with is \
             assertion_rejected"
        )),
        Operation::RegistrationBegin | Operation::SignupBegin => Some(format!(
            "`{file}` is not read here: it gives the user handle that the client knows, where the dialect has a place \
             for it, and completes `exclude_credentials`"
        )),
        Operation::RegistrationFinish | Operation::SignupFinish => {
            Some(format!("the passkey is noted in `{file}` before the upstream is asked"))
        }
        Operation::CredentialsDelete => {
            Some(format!("the passkey is taken out of `{file}` when the upstream deleted it"))
        }
        Operation::LoginBegin | Operation::SessionRefresh | Operation::CredentialsList => None,
    }
}

fn stand_in(text: &str) -> String {
    format!("<{text}>")
}

/// What a claim would give.
fn claimed(member: Member) -> Option<(Member, Value<'static>)> {
    let text = stand_in(&format!("{} of the token", member.name()));
    (member.kind() == Kind::Text).then_some((member, Value::Text(Cow::Owned(text))))
}

/// A stand-in for what the begin of a finish left behind: what the upstream would have been told, if the
/// config does not give it anyway.
fn begun(route: &Route, backend: &Backend, upstream: &Upstream, request: &Request<'_>, claims: &[Member]) -> Ceremony {
    let begun_by = match request.operation() {
        Operation::RegistrationFinish => Operation::RegistrationBegin,
        Operation::SignupFinish => Operation::SignupBegin,
        _ => Operation::LoginBegin,
    };
    let heard = upstream.side().carried(begun_by, Direction::Request, true).unwrap_or_default();
    let asking = route.dialect.operations.get(&begun_by).map(|template| template.request.carried()).unwrap_or_default();
    let has = |members: &[(Member, _)], member| members.iter().any(|(known, _)| *known == member);
    let told = |member: Member| -> Option<Box<str>> {
        let set = backend.set.iter().find(|assignment| assignment.member == member);
        let is_said = match set.map(|assignment| &assignment.given) {
            Some(Given::Constant(_)) => return None,
            Some(Given::Reference { member: of, .. }) => has(&asking, *of) || claims.contains(of),
            None => has(&asking, member) || claims.contains(&member),
        };
        let own = text(request.record(), member).filter(|_| set.is_none());
        let stand_in = || stand_in(&format!("{} of the begin", member.name())).into_boxed_str();
        (has(&heard, member) && is_said).then(|| own.unwrap_or_else(stand_in))
    };
    Ceremony {
        generation: 0,
        verify_user: false,
        is_decoy: false,
        route: route.name.clone(),
        upstream: upstream.name.clone(),
        begun_by,
        upstream_session: Some(stand_in("session of the begin").into()),
        caller_session: None,
        requested: Subject::default(),
        sent: SentToUpstream {
            subject: Subject { id: told(Member::UserId), email: told(Member::UserEmail) },
            account: told(Member::Account),
            organization: told(Member::Organization),
            connection: told(Member::Connection),
        },
        expected: Subject::default(),
        bearer_user: None,
        handles: None,
    }
}

/// Writes what the upstream would be sent into the trace.
fn write(upstream: &Upstream, told: &Request<'_>, now: Timestamp, trace: &Trace) -> Result<(), Refusal> {
    match &upstream.kind {
        UpstreamKind::Embedded(_) => trace.sent_to_relying_party(told.record()),
        UpstreamKind::Http { provider, base_url, .. } => {
            let mut written = encode_request(provider, told, now)?;
            let target = written.uri().path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
            if let Some(uri) = base_url.with_target(&target).and_then(|url| url.as_str().parse::<Uri>().ok()) {
                *written.uri_mut() = uri;
            }
            let has_content = !written.body().is_empty();
            default_headers::complete(written.headers_mut(), has_content);
            trace.sent_to_provider(&written, told.record());
        }
    }
    Ok(())
}
