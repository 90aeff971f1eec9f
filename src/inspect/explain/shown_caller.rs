//! Who must call, and whether a request shows it. Only the form is looked at: whether a credential is
//! right, the running gateway or the upstream finds out.

use serde::Serialize;

use crate::model::message::Request;
use crate::provider::template::message::Caller;
use crate::routes::route::Route;

/// Who must call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShownCaller {
    /// The kind of caller, as the dialect has it.
    pub kind: &'static str,
    /// Who is taken.
    pub taken: String,
    /// Where the credential stands; none where nobody is asked.
    pub places: Vec<String>,
    /// Whether the request has it.
    pub is_shown: bool,
}

impl ShownCaller {
    pub(super) fn new(route: &Route, request: &Request<'_>) -> Self {
        let template = &route.dialect.operations[&request.operation()].request;
        let kind = template.caller;
        let credential = kind.credential();
        Self {
            kind: kind.name(),
            taken: route.callers.taken(kind),
            places: credential.map(|member| template.places(member)).unwrap_or_default(),
            is_shown: kind == Caller::Open || credential.is_some_and(|member| request.record().has(member)),
        }
    }
}
