//! Adapts requests that hyper read, and their responses.
//!
//! HTTP/2 requests get the form that HTTP/1.1 requires. A response to a request whose content was not read
//! completely announces that the connection is closed.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, COOKIE, UPGRADE};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version};
use http_body::Body as _;
use hyper::body::Incoming;

use crate::server::body::{RequestBody, ResponseBody};
use crate::server::connection_admission::ConnectionPermit;

/// Responds to a request of a connection with `permit`, whose content fails if nothing arrives for `idle_timeout`.
pub(super) async fn respond<F>(
    request: Request<Incoming>,
    permit: ConnectionPermit,
    idle_timeout: Duration,
    respond: impl FnOnce(Request<RequestBody>) -> F,
) -> Response<ResponseBody>
where
    F: Future<Output = Response<ResponseBody>>,
{
    let is_http2 = request.version() == Version::HTTP_2;
    let has_content = !request.body().is_end_stream();
    let mut request = request.map(|content| RequestBody::streamed(content, idle_timeout));
    if is_http2 {
        if repeats_single_field(request.headers()) {
            return ResponseBody::plain(StatusCode::BAD_REQUEST, "a field that must be single is repeated\n");
        }
        join_cookies(request.headers_mut());
    } else if request.headers().contains_key(UPGRADE) {
        request.extensions_mut().insert(permit);
    }
    if is_http2 || !has_content {
        return respond(request).await;
    }
    let has_ended = Arc::new(AtomicBool::new(false));
    request.body_mut().report_end(has_ended.clone());
    let mut response = respond(request).await;
    if !has_ended.load(Ordering::Relaxed) {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Whether a field is repeated that must be single. In HTTP/1.1, the guard has refused such a request.
fn repeats_single_field(headers: &HeaderMap) -> bool {
    [CONTENT_TYPE, AUTHORIZATION].iter().any(|name| headers.get_all(name).iter().nth(1).is_some())
}

/// Joins the `cookie` fields into one, which HTTP/1.1 requires (RFC 9113 section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let mut lines = headers.get_all(COOKIE).iter();
    let (Some(first), Some(_)) = (lines.next(), lines.next()) else { return };
    let mut joined = first.as_bytes().to_vec();
    for line in headers.get_all(COOKIE).iter().skip(1) {
        joined.extend_from_slice(b"; ");
        joined.extend_from_slice(line.as_bytes());
    }
    let is_sensitive = first.is_sensitive();
    let mut joined = HeaderValue::from_bytes(&joined).expect("joined field values are a field value");
    joined.set_sensitive(is_sensitive);
    headers.insert(COOKIE, joined);
}
