//! Answers for browsers: which pages may call a route (Fetch standard, CORS protocol).
//!
//! A page that is not listed gets its answer without the permission to read it; a preflight never
//! reaches an upstream.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use crate::routes::route_settings::CorsSettings;

/// Whether a request only asks what it may do.
pub(crate) fn is_preflight(method: &Method, fields: &HeaderMap) -> bool {
    method == Method::OPTIONS && fields.contains_key(ORIGIN) && fields.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight.
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

/// Lets a listed page read an answer.
pub(crate) fn permit(cors: &CorsSettings, fields: &HeaderMap, answer: &mut HeaderMap) {
    answer.append(VARY, HeaderValue::from_static("origin"));
    let Some(origin) = fields.get(ORIGIN) else { return };
    if cors.origins.iter().any(|listed| listed.as_bytes() == origin.as_bytes()) {
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("location, retry-after, x-request-id"));
    }
}
