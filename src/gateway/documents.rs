//! The documents by which clients find the gateway's own issuer: its keys and its metadata
//! (OpenID Connect Discovery 1.0, RFC 8414, RFC 7517).
//!
//! They are there for every host of a route whose tokens an embedded relying party makes.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, request};

use crate::gateway::cors;
use crate::gateway::pipeline::Gateway;
use crate::gateway::steps::call_upstream::Worker;
use crate::relying_party::RelyingParty;
use crate::routes::Route;

const METADATA: &str = "/.well-known/openid-configuration";
const KEYS: &str = "/.well-known/jwks.json";

/// Whether a request is for one of the documents.
pub(crate) fn is_one(method: &Method, path: &str) -> bool {
    *method == Method::GET && (path == METADATA || path == KEYS)
}

impl Gateway {
    /// The document on that path, if it is one of ours.
    pub(crate) async fn document(&self, head: &request::Parts, host: Option<&str>) -> Option<Response<Bytes>> {
        let path = head.uri.path();
        if !is_one(&head.method, path) {
            return None;
        }
        let (route, party) = self.issuer(host)?;
        let text = match path {
            METADATA => party.openid_configuration(party.issuer()),
            _ => party.jwks().await.ok()?,
        };
        let mut response = Response::new(Bytes::from(text));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        if let Some(cors) = &route.cors {
            cors::permit(cors, &head.headers, response.headers_mut());
        }
        Some(response)
    }

    /// The relying party that makes the tokens of a host's routes.
    fn issuer(&self, host: Option<&str>) -> Option<(&Route, &RelyingParty)> {
        let is_for = |route: &&Route| {
            route.hosts.is_empty()
                || host.is_some_and(|host| route.hosts.iter().any(|listed| listed.eq_ignore_ascii_case(host)))
        };
        self.shared.plan.routes.iter().filter(is_for).flat_map(Route::ways).find_map(|route| {
            match &self.workers[route.issuer.unwrap_or(route.upstream)] {
                Worker::Embedded(party, _) => Some((route, party)),
                Worker::Http(_) => None,
            }
        })
    }
}
