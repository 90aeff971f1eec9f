//! The caller that an operation expects, and whether a request has its credential. The credential is not verified.

use serde::Serialize;

use crate::model::message::Request;
use crate::provider::template::message::Caller;
use crate::routes::route::Route;

/// The caller that an operation expects.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExpectedCaller {
    /// The kind of caller in the dialect.
    pub kind: &'static str,
    /// The callers that the route accepts.
    #[serde(rename = "taken")]
    pub accepted: String,
    /// Where the credential is. Empty for anonymous callers.
    pub places: Vec<String>,
    /// Whether the request has the credential.
    #[serde(rename = "is_shown")]
    pub is_present: bool,
}

impl ExpectedCaller {
    pub(super) fn new(route: &Route, request: &Request<'_>) -> Self {
        let template = &route.dialect.operations[&request.operation()].request;
        let kind = template.caller;
        let credential = kind.credential();
        Self {
            kind: kind.name(),
            accepted: route.callers.describe_kind(kind),
            places: credential.map(|member| template.places(member)).unwrap_or_default(),
            is_present: kind == Caller::Open || credential.is_some_and(|member| request.record().has(member)),
        }
    }
}
