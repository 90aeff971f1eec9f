//! Trying a route: one caller's request, made of members in the route's own dialect, sent through the
//! gateway like any other, and shown step by step.
//!
//! Whoever tries is nobody special: the route's own answer to "who may call?" holds. Only the demo
//! user's bearer, which opens nothing but the demo user, is put in here.

mod members;
pub mod offer;

use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderName, HeaderValue, Request as HttpRequest, Response as HttpResponse, Uri};
use http_body_util::Empty;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::gateway::Gateway;
use crate::gateway::handler::{Arrival, Content, Handler as _, Peer, RequestId, host_of};
use crate::gateway::runtime::Runtime;
use crate::gateway::trace::shown::{self, Extent};
use crate::gateway::trace::{Stage, Step, Trace};
use crate::model::member::Member;
use crate::model::message::Request;
use crate::model::operation::Operation;
use crate::model::record::put;
use crate::model::value::Value;
use crate::provider::descriptor::OperationTemplate;
use crate::provider::template::encode::{Absent, Writing};
use crate::provider::template::reader::Scratch;
use crate::provider::wire_format::WrittenRequest;
use crate::relying_party::demo::{DEMO_EMAIL, DEMO_USER};
use crate::routes::route::Route;
use crate::routes::upstream::UpstreamKind;

/// The client that the demo user's requests name, where a dialect names one, and its key.
const DEMO_CLIENT: &str = "demo";
/// What a route is tried with. The rest would be no ceremony, or would leave users behind.
const TRIED: &[Operation] =
    &[Operation::LoginBegin, Operation::LoginFinish, Operation::RegistrationBegin, Operation::RegistrationFinish];

/// What one caller is to ask.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TryRequest {
    /// The route's name.
    pub route: String,
    /// The operation's name.
    pub operation: String,
    /// Members of the request: bytes in base64url, other kinds as JSON has them.
    #[serde(default)]
    pub members: Map<String, Json>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TryResult {
    /// Whether the caller was answered, and not refused.
    pub is_success: bool,
    /// What a caller of the dialect reads in the answer; `None` where that is none the dialect
    /// documents: a refusal, or one that lacks what the route relaxed.
    pub answer: Option<Map<String, Json>>,
    /// What happened on the way.
    pub steps: Vec<Step>,
}

/// Who is at the page that tries.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Where it is.
    pub address: SocketAddr,
    /// Its `User-Agent`.
    pub user_agent: Option<HeaderValue>,
}

/// A trial that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTrial {
    /// No route has that name.
    #[error("there is no route of that name")]
    Route,
    /// The operation does not exist, or is not tried on this route.
    #[error("this operation cannot be tried on this route")]
    Operation,
    /// The request has no member of a name.
    #[error("the request has no member of such a name")]
    UnknownMember,
    /// A member's value is of another kind.
    #[error("`{0}` is given in a form that it does not have")]
    Kind(&'static str),
    /// The dialect requires a member.
    #[error("`{0}` is required, and was not given")]
    Absent(&'static str),
    /// A value stands where it cannot be sent.
    #[error("a value cannot be sent where the dialect puts it")]
    Unsendable,
    /// The gateway gave the request back.
    #[error("the request would pass through: no operation of a route answers it")]
    PassesThrough,
}

/// Tries an operation of a route.
///
/// # Errors
/// See [`InvalidTrial`]. A refusal by the gateway is no error: it is what came of it.
pub async fn try_out(gateway: &Gateway, trial: &TryRequest, visitor: &Visitor) -> Result<TryResult, InvalidTrial> {
    let runtime = &gateway.runtime;
    let route = runtime.config.plan.routes.iter().find(|route| *route.name == *trial.route);
    let route = route.ok_or(InvalidTrial::Route)?;
    let token = demo_token(runtime, route);
    let operation = Operation::named(&trial.operation)
        .filter(|operation| *operation == Operation::LoginBegin || (token.is_some() && TRIED.contains(operation)))
        .ok_or(InvalidTrial::Operation)?;
    let template = route.dialect.operations.get(&operation).ok_or(InvalidTrial::Operation)?;

    let mut asked = Request::new(operation);
    if let Some(token) = token {
        introduce_demo(runtime, route, token, &mut asked);
    }
    let agent = visitor.user_agent.as_ref().and_then(|agent| agent.to_str().ok());
    put(asked.record_mut(), Member::ClientUserAgent, agent.map(|agent| Value::Text(agent.to_owned().into())));
    members::put_all(&trial.members, asked.record_mut())?;
    let now = Timestamp::now();
    let written = template
        .write_request(asked.record(), Writing { now, relaxed: &[] })
        .map_err(|Absent(member)| InvalidTrial::Absent(member.name()))?;

    let trace = Trace::default();
    let request = assemble(route, written, visitor).ok_or(InvalidTrial::Unsendable)?;
    let (mut head, content) = request.into_parts();
    head.extensions.insert(trace.clone());
    let arrival = Arrival { peer: Peer::new(visitor.address), id: RequestId::random() };
    match gateway.handle(&head, &arrival, host_of(&head), &mut Content::<Empty<Bytes>>::Read(content)).await {
        None => Err(InvalidTrial::PassesThrough),
        Some(response) => {
            let answer = read_as_caller(runtime, route, operation, template, &response, now);
            let steps = trace.steps();
            let came_to = |stage| steps.iter().any(|step: &Step| step.stage == stage);
            let is_success = came_to(Stage::ModelAnswer) && !came_to(Stage::Refusal);
            Ok(TryResult { is_success, answer, steps })
        }
    }
}

/// A bearer for the demo user, where the route has one.
fn demo_token(runtime: &Runtime, route: &Route) -> Option<String> {
    runtime.clients[route.own_backend().upstream].embedded()?.demo_token()
}

/// Says that the demo user asks, in every way a dialect may have for that.
fn introduce_demo(runtime: &Runtime, route: &Route, token: String, asked: &mut Request<'static>) {
    let rp_id = match &runtime.config.plan.upstreams[route.own_backend().upstream].kind {
        UpstreamKind::Embedded(settings) => Some(settings.rp_id.clone()),
        UpstreamKind::Http { .. } => None,
    };
    let introduction = [
        (Member::UserId, Some(DEMO_USER.to_owned())),
        (Member::UserEmail, Some(DEMO_EMAIL.to_owned())),
        (Member::RpId, rp_id),
        (Member::ClientId, Some(DEMO_CLIENT.to_owned())),
        (Member::ClientKey, Some(DEMO_CLIENT.to_owned())),
        (Member::UserToken, Some(token)),
    ];
    for (member, text) in introduction {
        put(asked.record_mut(), member, text.map(|text| Value::Text(text.into())));
    }
}

/// What a caller of the dialect makes of an answer: its own template, read the other way.
fn read_as_caller(
    runtime: &Runtime,
    route: &Route,
    operation: Operation,
    template: &OperationTemplate,
    response: &HttpResponse<Bytes>,
    now: Timestamp,
) -> Option<Map<String, Json>> {
    let scratch = Scratch::default();
    let (status, fields, content) = (response.status(), response.headers(), response.body());
    let reading = runtime.reading(&scratch, now);
    let answer = template.read_response(&route.dialect, operation, status, fields, content, reading).ok()?;
    Some(shown::members(answer.record(), Extent::Whole))
}

/// The request as it would have come over the wire.
fn assemble(route: &Route, written: WrittenRequest<'_>, visitor: &Visitor) -> Option<HttpRequest<Bytes>> {
    let mut request = HttpRequest::new(Bytes::new());
    *request.method_mut() = written.method;
    *request.uri_mut() = format!("{}{}", route.prefix, written.target).parse::<Uri>().ok()?;
    let fields = request.headers_mut();
    let host = route.hosts.first().map_or("localhost", String::as_str);
    fields.insert(HOST, HeaderValue::from_str(host).ok()?);
    if let Some(agent) = &visitor.user_agent {
        fields.insert(USER_AGENT, agent.clone());
    }
    for (name, value) in &written.fields {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        fields.insert(name, HeaderValue::from_str(value).ok()?);
    }
    if let Some(content) = written.content {
        fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Bytes::from(content);
    }
    Some(request)
}
