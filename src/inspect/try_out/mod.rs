//! Tries an operation of a route: encodes a request in the route's dialect, sends it through the gateway, and returns
//! every step.
//!
//! The route's `callers` apply. Only the bearer token of the demo user is added.

mod members;
pub mod offer;

use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderName, HeaderValue, Request as HttpRequest, Uri};
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
use crate::provider::template::decode_context::Scratch;
use crate::provider::template::encode::{EncodeContext, MissingMember};
use crate::provider::wire_format::EncodedRequest;
use crate::relying_party::demo::{DEMO_EMAIL, DEMO_USER};
use crate::routes::route::Route;
use crate::routes::upstream::UpstreamKind;

/// The client id and the API key of the demo user's requests.
const DEMO_CLIENT: &str = "demo";
/// The operations that can be tried. The others are not part of a ceremony, or would create users.
const OPERATIONS: &[Operation] =
    &[Operation::LoginBegin, Operation::LoginFinish, Operation::RegistrationBegin, Operation::RegistrationFinish];

/// A request of the console.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TryRequest {
    /// The route's name.
    pub route: String,
    /// The operation's name.
    pub operation: String,
    /// Members of the request: bytes in base64url, other kinds as JSON.
    #[serde(default)]
    pub members: Map<String, Json>,
}

/// The result of a request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TryResult {
    /// Whether the request succeeded.
    pub is_success: bool,
    /// The decoded response. `None` if the dialect does not document it: a refusal, or a response that lacks a member
    /// that the route relaxes.
    pub answer: Option<Map<String, Json>>,
    /// The steps of the request.
    pub steps: Vec<Step>,
}

/// The user of the console.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// The address of the connection.
    pub address: SocketAddr,
    /// The `User-Agent` of the browser.
    pub user_agent: Option<HeaderValue>,
}

/// A request that cannot be tried.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTryRequest {
    /// The route does not exist.
    #[error("unknown route")]
    Route,
    /// The operation does not exist, or cannot be tried on the route.
    #[error("this operation cannot be tried on this route")]
    Operation,
    /// The request does not have a member of that name.
    #[error("unknown member")]
    UnknownMember,
    /// A member's value has the wrong kind.
    #[error("the value of `{0}` has the wrong type")]
    Kind(&'static str),
    /// A member that the dialect requires is missing.
    #[error("`{0}` is required")]
    Absent(&'static str),
    /// A value is not valid in its place, such as a header field.
    #[error("a value is not valid in its place in the request")]
    Unsendable,
    /// No operation matches the request.
    #[error("no operation of a route matches the request")]
    PassesThrough,
}

/// Tries an operation of a route.
///
/// # Errors
/// See [`InvalidTryRequest`]. A refusal by the gateway is a result, not an error.
pub async fn try_out(gateway: &Gateway, tried: &TryRequest, visitor: &Visitor) -> Result<TryResult, InvalidTryRequest> {
    let runtime = &gateway.runtime;
    let route = runtime.config.plan.routes.iter().find(|route| *route.name == *tried.route);
    let route = route.ok_or(InvalidTryRequest::Route)?;
    let token = demo_token(runtime, route);
    let operation = Operation::named(&tried.operation)
        .filter(|operation| *operation == Operation::LoginBegin || (token.is_some() && OPERATIONS.contains(operation)))
        .ok_or(InvalidTryRequest::Operation)?;
    let template = route.dialect.operations.get(&operation).ok_or(InvalidTryRequest::Operation)?;

    let mut request = Request::new(operation);
    if let Some(token) = token {
        add_demo_user(runtime, route, token, &mut request);
    }
    let agent = visitor.user_agent.as_ref().and_then(|agent| agent.to_str().ok());
    put(request.record_mut(), Member::ClientUserAgent, agent.map(|agent| Value::Text(agent.to_owned().into())));
    members::put_all(&tried.members, request.record_mut())?;
    let now = Timestamp::now();
    let written = template
        .write_request(request.record(), EncodeContext { now, relaxed: &[] })
        .map_err(|MissingMember(member)| InvalidTryRequest::Absent(member.name()))?;

    let trace = Trace::default();
    let message = assemble(route, written, visitor).ok_or(InvalidTryRequest::Unsendable)?;
    let (mut head, content) = message.into_parts();
    head.extensions.insert(trace.clone());
    let arrival = Arrival::of_peer(Peer::new(visitor.address), RequestId::random());
    let mut content = Content::<Empty<Bytes>>::Read(content);
    let response = gateway.handle(&head, &arrival, host_of(&head), &mut content).await;
    let response = response.ok_or(InvalidTryRequest::PassesThrough)?;
    let scratch = Scratch::default();
    let (status, fields, content) = (response.status(), response.headers(), response.body());
    let reading = runtime.reading(&scratch, now);
    let answer = template.read_response(&route.dialect, operation, status, fields, content, reading);
    let answer = answer.ok().map(|answer| shown::members(answer.record(), Extent::Whole));
    let steps = trace.steps();
    let reached = |stage| steps.iter().any(|step: &Step| step.stage == stage);
    let is_success = reached(Stage::ModelAnswer) && !reached(Stage::Refusal);
    Ok(TryResult { is_success, answer, steps })
}

/// A bearer token for the demo user, if the route has one.
fn demo_token(runtime: &Runtime, route: &Route) -> Option<String> {
    runtime.clients[route.own_backend().upstream].embedded()?.demo_token()
}

/// Adds the members by which any dialect identifies the demo user.
fn add_demo_user(runtime: &Runtime, route: &Route, token: String, request: &mut Request<'static>) {
    let rp_id = match &runtime.config.plan.upstreams[route.own_backend().upstream].kind {
        UpstreamKind::Embedded(settings) => Some(settings.rp_id.clone()),
        UpstreamKind::Http { .. } => None,
    };
    let members = [
        (Member::UserId, Some(DEMO_USER.to_owned())),
        (Member::UserEmail, Some(DEMO_EMAIL.to_owned())),
        (Member::RpId, rp_id),
        (Member::ClientId, Some(DEMO_CLIENT.to_owned())),
        (Member::ClientKey, Some(DEMO_CLIENT.to_owned())),
        (Member::UserToken, Some(token)),
    ];
    for (member, text) in members {
        put(request.record_mut(), member, text.map(|text| Value::Text(text.into())));
    }
}

/// The HTTP request of an encoded message.
fn assemble(route: &Route, written: EncodedRequest<'_>, visitor: &Visitor) -> Option<HttpRequest<Bytes>> {
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
