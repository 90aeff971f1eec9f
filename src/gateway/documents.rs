//! The documents by which clients find the gateway's own issuer: its keys and its metadata
//! (OpenID Connect Discovery 1.0, RFC 8414, RFC 7517).
//!
//! They are served for every host of a route whose tokens an embedded relying party issues.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Response, request};

use crate::gateway::cors;
use crate::gateway::runtime::Runtime;
use crate::relying_party::RelyingParty;
use crate::routes::route::Route;

const METADATA: &str = "/.well-known/openid-configuration";
const KEYS: &str = "/.well-known/jwks.json";

/// Whether a request is for one of the documents.
pub(crate) fn is_document(method: &Method, path: &str) -> bool {
    *method == Method::GET && (path == METADATA || path == KEYS)
}

/// The document on the path of a request, if it is one.
pub(crate) async fn document(runtime: &Runtime, head: &request::Parts, host: Option<&str>) -> Option<Response<Bytes>> {
    let path = head.uri.path();
    if !is_document(&head.method, path) {
        return None;
    }
    let (route, party) = issuer(runtime, host)?;
    let text = match path {
        METADATA => party.openid_configuration(party.issuer()),
        _ => party.jwks().await.ok()?,
    };
    let mut response = Response::new(Bytes::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Some(cors::with_cors_headers(route, &head.headers, response))
}

/// The relying party that issues the tokens of a host's routes.
fn issuer<'r>(runtime: &'r Runtime, host: Option<&str>) -> Option<(&'r Route, &'r RelyingParty)> {
    let routes = runtime.config.plan.routes.iter().filter(|route| route.is_for_host(host));
    let mut backends = routes.flat_map(|route| route.backends.iter().map(move |backend| (route, backend)));
    backends.find_map(|(route, backend)| {
        let party = runtime.clients[route.issuer.unwrap_or(backend.upstream)].embedded()?;
        Some((route, party))
    })
}
