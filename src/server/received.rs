//! A request on its way through the layers, and where it comes from.
//!
//! It is named here, for every line that is written of it and its answer, whoever gives that.

use http::Request;
use hyper::body::Incoming;

use crate::gateway::handler::{Arrival, Peer, RequestId};
use crate::server::body::EdgeBody;
use crate::server::middleware::request_ids::X_REQUEST_ID;

/// A request, and where it comes from.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) request: Request<EdgeBody<Incoming>>,
    pub(super) arrival: Arrival,
}

impl Received {
    /// A request from `peer`. Its name is the caller's `x-request-id` if that is sane, else a new one.
    pub(super) fn new(request: Request<EdgeBody<Incoming>>, peer: Peer) -> Self {
        let id = request.headers().get(X_REQUEST_ID).and_then(RequestId::accept);
        Self { arrival: Arrival { peer, id: id.unwrap_or_else(RequestId::random) }, request }
    }
}
