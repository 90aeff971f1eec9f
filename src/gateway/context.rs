//! A request on its way through the gateway, and what came of it.

use bytes::Bytes;
use http::{HeaderMap, Response as HttpResponse};
use jiff::Timestamp;

use crate::gateway::steps::build_upstream_request::Client;
use crate::gateway::steps::select_backend::Decided;
use crate::gateway::trace::Trace;
use crate::model::fault::Refusal;
use crate::model::message::Request;
use crate::routes::Route;

/// A request that was recognised.
#[derive(Clone)]
pub(crate) struct RequestContext<'a> {
    pub(crate) route: &'a Route,
    pub(crate) request: Request<'a>,
    pub(crate) client: Client<'a>,
    pub(crate) now: Timestamp,
    /// Its header fields.
    pub(crate) fields: &'a HeaderMap,
    /// Where somebody wants to see it.
    pub(crate) trace: Option<&'a Trace>,
    pub(crate) part: Part,
    /// Whether an unknown user is answered as a known one, where the route is private. Not while another
    /// upstream may know the user.
    pub(crate) stands_in: bool,
}

/// What part a request has where one is a shadow of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// It has no shadow.
    Alone,
    /// It has one, which its answer will be compared with.
    Lit,
    /// It is the shadow: nobody is answered, and nothing is remembered.
    Shadow,
}

/// What came of a request.
pub(crate) struct PipelineOutcome {
    pub(crate) outcome: Result<HttpResponse<Bytes>, Refusal>,
    /// On a route with policies, what they decided.
    pub(crate) decided: Option<Decided>,
}
