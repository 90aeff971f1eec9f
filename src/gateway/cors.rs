//! CORS: which pages may call a route from a browser (Fetch standard, CORS protocol).
//!
//! A page of another origin gets its response without the permission to read it. A preflight never reaches an upstream.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use crate::routes::route::Route;
use crate::routes::route_settings::CorsSettings;

/// Whether a request is a preflight.
pub(crate) fn is_preflight(method: &Method, fields: &HeaderMap) -> bool {
    method == Method::OPTIONS && fields.contains_key(ORIGIN) && fields.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The response to a preflight.
pub(crate) fn preflight(cors: &CorsSettings, fields: &HeaderMap, methods: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    permit(cors, fields, response.headers_mut());
    let answer = response.headers_mut();
    if answer.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
        if let Ok(methods) = HeaderValue::from_str(methods) {
            answer.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        if let Some(asked) = fields.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
        }
        answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(cors.max_age.get()));
    }
    response
}

/// Lets a page of a listed origin read a response.
fn permit(cors: &CorsSettings, fields: &HeaderMap, answer: &mut HeaderMap) {
    answer.append(VARY, HeaderValue::from_static("origin"));
    let Some(origin) = fields.get(ORIGIN) else { return };
    if cors.origins.iter().any(|listed| listed.as_bytes() == origin.as_bytes()) {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("location, retry-after, x-request-id"));
    }
}

/// The response with the CORS header fields of a route, if it has any.
pub(crate) fn with_cors_headers(route: &Route, fields: &HeaderMap, mut response: Response<Bytes>) -> Response<Bytes> {
    if let Some(cors) = &route.cors {
        permit(cors, fields, response.headers_mut());
    }
    response
}
