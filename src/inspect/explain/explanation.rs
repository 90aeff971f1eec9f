//! The explanation of a request, as `passbridge explain --json` prints it.

use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::gateway::trace::Seen;
use crate::gateway::trace::shown::Message;
use crate::inspect::LostMember;
use crate::inspect::explain::expected_caller::ExpectedCaller;
use crate::inspect::explain::fault_preview::FaultPreview;
use crate::inspect::explain::member_flow::MemberFlow;

/// How a request is routed and translated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The outcome.
    pub verdict: Verdict,
    /// The request, without its secrets.
    pub request: Message,
    /// The host the request is for, if it names one.
    pub host: Option<String>,
    /// Every route, and why it matches the request or not.
    pub routes: Vec<RouteMatch>,
    /// The result of the matching route.
    #[serde(skip_serializing_if = "Option::is_none", rename = "taken")]
    pub handling: Option<Handling>,
    /// What the gateway answers without an upstream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<LocalAnswer>,
    /// The passthrough target.
    #[serde(skip_serializing_if = "Option::is_none", rename = "passes_to")]
    pub passthrough_target: Option<String>,
}

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// An upstream is called.
    #[serde(rename = "carried")]
    CallsUpstream,
    /// A route matches, and the gateway refuses the request.
    Refused,
    /// No operation matches, and the request is passed through unchanged.
    PassesThrough,
    /// The gateway answers the request itself, without an operation of a route.
    #[serde(rename = "answered")]
    AnsweredLocally,
    /// No route matches, and there is no passthrough target.
    #[serde(rename = "unanswered")]
    NoRoute,
}

/// A route, and why it matches a request or not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RouteMatch {
    /// The route's name.
    pub route: String,
    /// The operation, as far as path and method determine it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<&'static str>,
    /// Whether the route matches.
    #[serde(rename = "takes")]
    pub matches: bool,
    /// Why.
    pub reason: String,
}

/// The result of a route.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Handling {
    /// The route.
    pub route: String,
    /// The dialect.
    pub dialect: String,
    /// The operation.
    pub operation: &'static str,
    /// The upstream's name.
    pub upstream: String,
    /// The upstream's provider id, or `embedded`.
    pub provider: String,
    /// The caller that the operation expects, and whether the request has its credential.
    pub caller: ExpectedCaller,
    /// What cannot be known offline, and what else is useful to know.
    pub notes: Vec<String>,
    /// The decoded members of the request.
    pub members: Map<String, Json>,
    /// The request to the upstream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<Seen>,
    /// The source and the target of each member of the request.
    #[serde(rename = "becomes")]
    pub member_flows: Vec<MemberFlow>,
    /// Members of the upstream's response that the dialect does not have.
    #[serde(rename = "lost_back")]
    pub lost_in_response: Vec<LostMember>,
    /// Each fault as the caller sees it.
    pub faults: Vec<FaultPreview>,
}

/// An answer that needs no upstream.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LocalAnswer {
    /// Why the gateway gives it.
    pub reason: String,
    /// The fault, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultPreview>,
}
