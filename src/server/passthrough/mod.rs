//! Forwards requests without an operation to the target of their host, streaming both ways.
//!
//! Path and query are forwarded byte for byte, or the request is refused. Field names are sent in lower case. A
//! request that cannot be forwarded gets a plain text response without details; the log contains them. If the caller
//! disconnects, the call to the target is cancelled.

use std::collections::HashMap;
use std::mem;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, request};
use http_body::Body as _;
use hyper::body::Incoming;
use tokio_util::task::TaskTracker;

use crate::gateway::handler::{Arrival, Content, authority_of, host_of};
use crate::server::body::{RequestBody, ResponseBody};
use crate::server::middleware::request_id::X_REQUEST_ID;
use crate::server::pace::PaceLimits;
use crate::server::passthrough::forward_error::ForwardError;
use crate::server::passthrough::request_body::{TrackedBody, UploadProgress};
use crate::server::passthrough::target_settings::{PassthroughSettings, TargetSettings};
use crate::server::passthrough::upgrade::Upgrade;
use crate::upstream::base_url::BaseUrl;
use crate::upstream::streaming::{StreamingClient, StreamingOptions};
use crate::upstream::tls::TlsError;

mod forward_error;
mod forwarded;
mod hop_by_hop;
mod request_body;
pub mod target_settings;
mod upgrade;

/// How long an idle connection to a target is kept. Most load balancers close theirs after a minute.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

type Client = StreamingClient<TrackedBody<RequestBody>>;

/// The targets of one worker, each with its own connections.
#[derive(Debug)]
pub(super) struct Passthrough {
    targets: HashMap<String, TargetClient>,
    upgraded: TaskTracker,
}

#[derive(Debug)]
struct TargetClient {
    base: BaseUrl,
    client: Client,
    /// For upgrades, which exist only in HTTP/1.1; `None` if the target does not allow them.
    upgrade_client: Option<Client>,
    timeout: Duration,
    content_timeout: Duration,
    pace: PaceLimits,
}

// ===== impl Passthrough =====

impl Passthrough {
    /// Does not connect yet. Upgraded connections become tasks of `upgraded`.
    pub(super) fn new(settings: &PassthroughSettings, upgraded: TaskTracker) -> Result<Self, TlsError> {
        let mut targets = HashMap::new();
        for (host, target) in &settings.0 {
            targets.insert(host.to_string(), TargetClient::new(&target.0)?);
        }
        Ok(Self { targets, upgraded })
    }

    /// Forwards the request and returns the streamed response.
    pub(super) async fn forward(
        &self,
        head: &mut request::Parts,
        arrival: &Arrival,
        content: Content<RequestBody>,
    ) -> Response<ResponseBody> {
        self.try_forward(head, arrival, content).await.unwrap_or_else(ForwardError::into_response)
    }

    async fn try_forward(
        &self,
        head: &mut request::Parts,
        arrival: &Arrival,
        content: Content<RequestBody>,
    ) -> Result<Response<ResponseBody>, ForwardError> {
        let target = self.target(host_of(head)).ok_or(ForwardError::NoTarget)?;
        let path = head.uri.path_and_query().cloned().ok_or(ForwardError::InvalidTarget)?;
        target.base.with_target(&path).ok_or(ForwardError::InvalidTarget)?;
        let upgrade = target.upgrade_client.as_ref().zip(Upgrade::of_request(head));

        let mut outgoing = Request::new(());
        *outgoing.method_mut() = head.method.clone();
        *outgoing.uri_mut() = Uri::from(path);
        *outgoing.headers_mut() = take_fields(head, arrival, upgrade.is_some());
        if is_chunked(&content, outgoing.headers()) {
            // Said explicitly, because the client drops the content of a GET otherwise.
            outgoing.headers_mut().insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        let progress = UploadProgress::default();
        let outgoing = outgoing.map(|()| progress.body(content, target.pace));

        let client = upgrade.as_ref().map_or(&target.client, |(client, _)| client);
        let incoming = progress.wait(client.send(outgoing), target.timeout).await;
        let incoming = incoming.ok_or_else(|| ForwardError::timed_out(&target.base))?;
        let incoming = incoming.map_err(|error| ForwardError::from_client(&target.base, &error))?;
        self.response(incoming, upgrade.map(|(_, upgrade)| upgrade), target)
    }

    fn target(&self, host: Option<&str>) -> Option<&TargetClient> {
        let listed = host.and_then(|host| self.targets.get(&host.to_ascii_lowercase()));
        listed.or_else(|| self.targets.get(PassthroughSettings::ANY))
    }

    fn response(
        &self,
        incoming: Response<Incoming>,
        upgrade: Option<Upgrade>,
        target: &TargetClient,
    ) -> Result<Response<ResponseBody>, ForwardError> {
        let mut response = Response::new(ResponseBody::Whole(Bytes::new()));
        *response.status_mut() = incoming.status();
        response.headers_mut().clone_from(incoming.headers());
        hop_by_hop::strip(response.headers_mut());
        if incoming.status() != StatusCode::SWITCHING_PROTOCOLS {
            let mut body = ResponseBody::streamed(incoming.into_body(), target.content_timeout);
            if !is_event_stream(response.headers()) {
                body.limit_pace(target.pace);
            }
            *response.body_mut() = body;
        } else if upgrade.is_some_and(|upgrade| upgrade.start_copying(incoming, &self.upgraded)) {
            upgrade::set_fields(response.headers_mut());
        } else {
            return Err(ForwardError::unrequested_upgrade(&target.base));
        }
        Ok(response)
    }
}

/// Whether the content is a stream of events, which has pauses and no end (HTML, server-sent events).
fn is_event_stream(fields: &HeaderMap) -> bool {
    let media_type = fields.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let name = media_type.split(|byte| *byte == b';').next().unwrap_or_default();
    name.trim_ascii().eq_ignore_ascii_case(b"text/event-stream")
}

/// Whether the content has no length that is known before it is sent.
fn is_chunked(content: &Content<RequestBody>, fields: &HeaderMap) -> bool {
    match content {
        Content::Read(_) => false,
        Content::Unread(body) => {
            !body.is_end_stream() && body.size_hint().exact().is_none() && !fields.contains_key(CONTENT_LENGTH)
        }
    }
}

/// Takes the fields out of the request and adapts them to the next connection.
fn take_fields(head: &mut request::Parts, arrival: &Arrival, is_upgrade: bool) -> HeaderMap {
    let authority = authority_of(head).map(str::to_owned);
    let mut headers = mem::take(&mut head.headers);
    headers.remove("proxy"); // CGI programs take it for the variable HTTP_PROXY
    headers.remove(HOST); // the client writes the host of the target
    hop_by_hop::strip_request(&mut headers);
    forwarded::write(&mut headers, arrival, authority.as_deref(), head.version);
    headers.insert(X_REQUEST_ID, arrival.id.as_value().clone());
    if is_upgrade {
        upgrade::set_fields(&mut headers);
    }
    headers
}

// ===== impl TargetClient =====

impl TargetClient {
    fn new(settings: &TargetSettings) -> Result<Self, TlsError> {
        let options = StreamingOptions {
            connect_timeout: settings.connect_timeout_ms.millis(),
            idle_timeout: IDLE_TIMEOUT,
            ca_file: settings.ca_file.as_deref(),
            http1_only: false,
        };
        let upgrade_client = settings
            .upgrade
            .then(|| Client::new(&settings.url, StreamingOptions { http1_only: true, ..options }))
            .transpose()?;
        Ok(Self {
            client: Client::new(&settings.url, options)?,
            upgrade_client,
            base: settings.url.clone(),
            timeout: settings.timeout_ms.millis(),
            content_timeout: settings.content_timeout_ms.millis(),
            pace: PaceLimits {
                min_rate: settings.min_content_rate.get(),
                deadline: settings.content_deadline_ms.millis(),
            },
        })
    }
}
