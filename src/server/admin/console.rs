//! The console: a page on the admin listener where a person tries the routes.
//!
//! `GET /try` says what can be tried, `POST /try` tries it; the rest are files. What is not for this
//! machine by its own name, or not from the page, is refused before anything is read.

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
use crate::server::admin::pages::{fenced, page};

/// A trial is no larger than this, in bytes, and has arrived within this time.
const MAX_TRIAL: usize = 64 << 10;
const DEADLINE: Duration = Duration::from_secs(10);

/// The console of a gateway.
#[derive(Debug)]
pub(super) struct Console {
    live: Reloadable,
}

/// The two ends of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) peer: SocketAddr,
    pub(super) local: IpAddr,
}

impl Console {
    pub(super) fn new(live: Reloadable) -> Self {
        Self { live }
    }

    /// Answers; `None` where the console has no such path.
    pub(super) async fn respond(&self, request: Request<Incoming>, ends: Ends) -> Option<Response<Full<Bytes>>> {
        let (head, content) = request.into_parts();
        let (path, method) = (head.uri.path(), &head.method);
        let page = page(path);
        if page.is_none() && path != "/try" {
            return None;
        }
        if !guard::is_for_us(&head, ends.local) {
            return Some(refused(StatusCode::FORBIDDEN, "open this page as localhost, or by its own address"));
        }
        Some(match (method, page) {
            (&Method::GET | &Method::HEAD, Some(page)) => page,
            (&Method::GET | &Method::HEAD, None) => answer(StatusCode::OK, &offers(&self.live.current().runtime)),
            (&Method::POST, None) => self.try_out(&head, content, ends.peer).await,
            (_, page) => {
                let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, "the method is not allowed here");
                let allow = if page.is_some() { "GET, HEAD" } else { "GET, HEAD, POST" };
                response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
                response
            }
        })
    }

    async fn try_out(&self, head: &request::Parts, content: Incoming, peer: SocketAddr) -> Response<Full<Bytes>> {
        if !guard::is_from_our_page(head) {
            return refused(StatusCode::FORBIDDEN, "only the console's own page may try a route");
        }
        if !guard::is_json(&head.headers) {
            return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "a trial is application/json");
        }
        let visitor = Visitor { address: peer, user_agent: head.headers.get(USER_AGENT).cloned() };
        let content = match timeout(DEADLINE, Limited::new(content, MAX_TRIAL).collect()).await {
            Ok(Ok(content)) => content.to_bytes(),
            Ok(Err(_)) => return refused(StatusCode::PAYLOAD_TOO_LARGE, "a trial has at most 64 KiB, and all of them"),
            Err(_) => return refused(StatusCode::REQUEST_TIMEOUT, "the trial did not arrive in time"),
        };
        let Ok(trial) = serde_json::from_slice::<TryRequest>(&content) else {
            return refused(StatusCode::BAD_REQUEST, "a trial names a route, an operation and members");
        };
        match try_out(&self.live.current(), &trial, &visitor).await {
            Ok(tried) => answer(StatusCode::OK, &tried),
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
    answer(status, &json!({ "problem": problem }))
}

fn answer(status: StatusCode, content: &impl Serialize) -> Response<Full<Bytes>> {
    let content = serde_json::to_vec(content).expect("names are text and numbers are finite");
    fenced(status, "application/json", Bytes::from(content))
}
