//! The console: a page on the admin listener for trying the routes.
//!
//! `GET /try` lists what can be tried, and `POST /try` tries it; the rest are files. Requests with a foreign
//! host or origin are refused before their content is read.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, USER_AGENT};
use http::{HeaderValue, Method, Request, Response, StatusCode, request};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use serde::Serialize;
use serde_json::json;
use tokio::time::timeout;

use crate::gateway::reload::Reloadable;
use crate::inspect::try_out::offer::offers;
use crate::inspect::try_out::{InvalidTryRequest, TryRequest, Visitor, try_out};
use crate::server::admin::guard;
use crate::server::admin::pages::{page, with_security_headers};

/// The limit of a request's content, in bytes.
const MAX_CONTENT_BYTES: usize = 64 << 10;
const CONTENT_TIMEOUT: Duration = Duration::from_secs(10);

/// The console of a gateway.
#[derive(Debug)]
pub(super) struct Console {
    gateway: Reloadable,
}

/// The addresses of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConnectionAddresses {
    pub(super) peer: SocketAddr,
    pub(super) local: IpAddr,
}

impl Console {
    pub(super) fn new(gateway: Reloadable) -> Self {
        Self { gateway }
    }

    /// Responds; `None` if the console has no such path.
    pub(super) async fn respond(
        &self,
        request: Request<Incoming>,
        addresses: ConnectionAddresses,
    ) -> Option<Response<Full<Bytes>>> {
        let (head, content) = request.into_parts();
        let (path, method) = (head.uri.path(), &head.method);
        let page = page(path);
        if page.is_none() && path != "/try" {
            return None;
        }
        if !guard::has_local_host(&head, addresses.local) {
            return Some(refused(
                StatusCode::FORBIDDEN,
                "open the console as localhost or by the address of this machine",
            ));
        }
        Some(match (method, page) {
            (&Method::GET | &Method::HEAD, Some(page)) => page,
            (&Method::GET | &Method::HEAD, None) => {
                json_response(StatusCode::OK, &offers(&self.gateway.current().runtime))
            }
            (&Method::POST, None) => self.try_out(&head, content, addresses.peer).await,
            (_, page) => {
                let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
                let allow = if page.is_some() { "GET, HEAD" } else { "GET, HEAD, POST" };
                response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
                response
            }
        })
    }

    async fn try_out(&self, head: &request::Parts, content: Incoming, peer: SocketAddr) -> Response<Full<Bytes>> {
        if !guard::is_same_origin(head) {
            return refused(StatusCode::FORBIDDEN, "routes can be tried only from the page of the console");
        }
        if !guard::is_json(&head.headers) {
            return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the content type must be application/json");
        }
        let visitor = Visitor { address: peer, user_agent: head.headers.get(USER_AGENT).cloned() };
        let content = match timeout(CONTENT_TIMEOUT, Limited::new(content, MAX_CONTENT_BYTES).collect()).await {
            Ok(Ok(content)) => content.to_bytes(),
            Ok(Err(_)) => {
                return refused(StatusCode::PAYLOAD_TOO_LARGE, "the content is incomplete or longer than 64 KiB");
            }
            Err(_) => return refused(StatusCode::REQUEST_TIMEOUT, "timed out waiting for the content"),
        };
        let Ok(trial) = serde_json::from_slice::<TryRequest>(&content) else {
            return refused(
                StatusCode::BAD_REQUEST,
                "the content must be a JSON object with a route, an operation and members",
            );
        };
        match try_out(&self.gateway.current(), &trial, &visitor).await {
            Ok(tried) => json_response(StatusCode::OK, &tried),
            Err(invalid) => refused(status(&invalid), &invalid.to_string()),
        }
    }
}

fn status(invalid: &InvalidTryRequest) -> StatusCode {
    match invalid {
        InvalidTryRequest::Route | InvalidTryRequest::Operation => StatusCode::NOT_FOUND,
        InvalidTryRequest::UnknownMember
        | InvalidTryRequest::Kind(_)
        | InvalidTryRequest::Absent(_)
        | InvalidTryRequest::Unsendable
        | InvalidTryRequest::PassesThrough => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn refused(status: StatusCode, problem: &str) -> Response<Full<Bytes>> {
    json_response(status, &json!({ "problem": problem }))
}

fn json_response(status: StatusCode, content: &impl Serialize) -> Response<Full<Bytes>> {
    let content = serde_json::to_vec(content).expect("the value has only text keys and finite numbers");
    with_security_headers(status, "application/json", Bytes::from(content))
}
