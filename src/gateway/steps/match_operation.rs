//! The operations that a request's host, method and path allow. Its content decides among them.

use bytes::Bytes;
use http::{HeaderMap, Response, request};
use smallvec::SmallVec;
use uuid::Uuid;

use crate::gateway::handler::Arrival;
use crate::gateway::runtime::Runtime;
use crate::gateway::{cors, documents, refuse};
use crate::model::fault::{Fault, Refusal};
use crate::model::operation::Operation;
use crate::routes::route::Route;
use crate::routes::router::Candidate;

/// A config, and its operations that a request may be for.
pub(crate) struct ConfigMatch<'g> {
    pub(crate) runtime: &'g Runtime,
    pub(crate) candidates: SmallVec<[&'g Candidate; 4]>,
    /// The operations on the path, whatever their method.
    on_path: SmallVec<[&'g Candidate; 4]>,
    /// Whether requests that no operation matches have a passthrough target.
    pub(crate) has_passthrough: bool,
}

/// Matches a request by host, method and path.
pub(crate) fn match_operation<'g>(runtime: &'g Runtime, head: &request::Parts, host: Option<&str>) -> ConfigMatch<'g> {
    let config = &runtime.config;
    let has_passthrough = config.has_passthrough(host);
    let on_path = config.plan.router.find(host, head.uri.path());
    let is_asked = |one: &&Candidate| {
        one.method == head.method && !(has_passthrough && refresh_belongs_elsewhere(runtime.route(one), one.operation))
    };
    let candidates = on_path.iter().copied().filter(is_asked).collect();
    ConfigMatch { runtime, candidates, on_path, has_passthrough }
}

/// Whether the refresh tokens of a route are issued by the passthrough target: none of its backends refreshes them.
pub(crate) fn refresh_belongs_elsewhere(route: &Route, operation: Operation) -> bool {
    operation == Operation::SessionRefresh && !route.supports(operation)
}

/// Answers a request that no operation matches: a preflight, a well-known document, or a wrong method. `None` if it
/// passes through.
pub(crate) async fn no_operation_matched(
    matched: &ConfigMatch<'_>,
    head: &request::Parts,
    host: Option<&str>,
    arrival: &Arrival,
) -> Option<Response<Bytes>> {
    let ConfigMatch { runtime, on_path, .. } = matched;
    let Some(other) = on_path.first() else { return documents::document(runtime, head, host).await };
    let mut methods: Vec<_> = on_path.iter().map(|candidate| candidate.method.as_str()).collect();
    methods.dedup();
    let methods = methods.join(", ");
    let route = runtime.route(other);
    match &route.cors {
        Some(cors) if cors::is_preflight(&head.method, &head.headers) => {
            Some(cors::preflight(cors, &head.headers, &methods))
        }
        _ if matched.has_passthrough => None,
        _ => {
            let refusal = Refusal::new(Fault::MethodNotAllowed, "no operation of the path has this method");
            let id = arrival.id.as_uuid();
            let response = refuse::refuse(runtime, route, other.operation, &refusal, id, Some(&methods));
            Some(cors::with_cors_headers(route, &head.headers, response))
        }
    }
}

impl<'g> ConfigMatch<'g> {
    /// The finishes of a retired config that a request may be.
    pub(crate) fn of_retired(runtime: &'g Runtime, head: &request::Parts, host: Option<&str>) -> Self {
        let on_path = runtime.config.plan.router.find(host, head.uri.path());
        let is_finish = |one: &&Candidate| one.method == head.method && one.operation.is_finish();
        let candidates = on_path.iter().copied().filter(is_finish).collect();
        Self { runtime, candidates, on_path, has_passthrough: runtime.config.has_passthrough(host) }
    }

    /// Refuses a request that cannot be decoded, as the likeliest of the candidates.
    ///
    /// # Panics
    /// When there is no candidate.
    pub(crate) fn refuse(&self, head: &request::Parts, refusal: &Refusal, id: Uuid) -> Response<Bytes> {
        self.refuse_as(self.candidates[0], head, refusal, id)
    }

    /// Refuses a request as one of the candidates.
    pub(crate) fn refuse_as(
        &self,
        candidate: &Candidate,
        head: &request::Parts,
        refusal: &Refusal,
        id: Uuid,
    ) -> Response<Bytes> {
        let route = self.runtime.route(candidate);
        let response = refuse::refuse(self.runtime, route, candidate.operation, refusal, id, None);
        self.with_cors_headers(&head.headers, response)
    }

    /// The response with the CORS header fields of the likeliest candidate's route.
    pub(crate) fn with_cors_headers(&self, fields: &HeaderMap, response: Response<Bytes>) -> Response<Bytes> {
        match self.candidates.first() {
            Some(candidate) => cors::with_cors_headers(self.runtime.route(candidate), fields, response),
            None => response,
        }
    }
}
