//! What no operation matches goes on to the target of its host: streamed both ways, content untouched.
//!
//! Path and query go out byte for byte, or the request is refused. Field names go out in lower case,
//! and a request without `Accept` gains `Accept: */*`: the client leaves no choice. Whatever cannot be
//! forwarded is answered in plain text without internals; the log says more.
//! A caller that leaves takes its call to the target with it.

use std::collections::HashMap;
use std::mem;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, Response, StatusCode, request};
use hyper::body::Incoming;
use reqwest::Client;
use tokio_util::task::TaskTracker;

use crate::gateway::handler::{Arrival, Content, authority_of, host_of};
use crate::server::body::EdgeBody;
use crate::server::middleware::request_ids::X_REQUEST_ID;
use crate::server::passthrough::incoming::Streamed;
use crate::server::passthrough::outgoing::Progress;
use crate::server::passthrough::refusal::NotForwarded;
use crate::server::passthrough::settings::{PassthroughSettings, TargetSettings};
use crate::server::passthrough::upgrade::Upgrade;
use crate::upstream::base_url::BaseUrl;
use crate::upstream::client::{ClientOptions, InvalidClient, client};

mod forwarded;
mod hop_by_hop;
pub(super) mod incoming;
mod outgoing;
mod refusal;
pub mod settings;
mod upgrade;

/// How long an unused connection to a target is kept, below the minute of most load balancers.
const KEPT: Duration = Duration::from_secs(20);

/// The targets of one worker, each with connections of its own.
#[derive(Debug)]
pub(super) struct Passthrough {
    destinations: HashMap<String, Destination>,
    upgraded: TaskTracker,
}

#[derive(Debug)]
struct Destination {
    base: BaseUrl,
    client: Client,
    /// Present where upgrades are carried: over HTTP/2 there are none.
    upgrading: Option<Client>,
    timeout: Duration,
    content_timeout: Duration,
}

// ===== impl Passthrough =====

impl Passthrough {
    /// Prepares the targets; connects to none yet. Upgraded connections are tasks of `upgraded`.
    pub(super) fn new(settings: &PassthroughSettings, upgraded: TaskTracker) -> Result<Self, InvalidClient> {
        let mut destinations = HashMap::new();
        for (host, target) in &settings.0 {
            destinations.insert(host.to_string(), Destination::new(&target.0)?);
        }
        Ok(Self { destinations, upgraded })
    }

    /// Sends the request on and streams the answer back.
    pub(super) async fn forward(
        &self,
        head: &mut request::Parts,
        arrival: &Arrival,
        content: Content<EdgeBody<Incoming>>,
    ) -> Response<EdgeBody<Streamed>> {
        self.exchange(head, arrival, content).await.unwrap_or_else(NotForwarded::into_response)
    }

    async fn exchange(
        &self,
        head: &mut request::Parts,
        arrival: &Arrival,
        content: Content<EdgeBody<Incoming>>,
    ) -> Result<Response<EdgeBody<Streamed>>, NotForwarded> {
        let destination = self.destination(host_of(head)).ok_or(NotForwarded::NoTarget)?;
        let target = head.uri.path_and_query().ok_or(NotForwarded::Unsendable)?;
        let url = destination.base.with_target(target).ok_or(NotForwarded::Unsendable)?;
        let carrier = destination.upgrading.as_ref().zip(Upgrade::asked(head));

        let mut outgoing = reqwest::Request::new(head.method.clone(), url);
        *outgoing.headers_mut() = fields(head, arrival, carrier.is_some());
        let progress = Progress::default();
        *outgoing.body_mut() = progress.body(content);

        let client = carrier.as_ref().map_or(&destination.client, |(client, _)| client);
        let answer = progress.wait(client.execute(outgoing), destination.timeout).await;
        let answer = answer.ok_or_else(|| NotForwarded::timed_out(&destination.base))?;
        let answer = answer.map_err(|error| NotForwarded::sort(&destination.base, error))?;
        self.answer(answer, carrier.map(|(_, upgrade)| upgrade), destination)
    }

    fn destination(&self, host: Option<&str>) -> Option<&Destination> {
        let named = host.and_then(|host| self.destinations.get(&host.to_ascii_lowercase()));
        named.or_else(|| self.destinations.get(PassthroughSettings::ANY))
    }

    fn answer(
        &self,
        answer: reqwest::Response,
        upgrade: Option<Upgrade>,
        destination: &Destination,
    ) -> Result<Response<EdgeBody<Streamed>>, NotForwarded> {
        let mut response = Response::new(EdgeBody::Whole(Bytes::new()));
        *response.status_mut() = answer.status();
        response.headers_mut().clone_from(answer.headers());
        hop_by_hop::strip(response.headers_mut());
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            *response.body_mut() = Streamed::of(answer, destination.content_timeout);
        } else if upgrade.is_some_and(|upgrade| upgrade.carry(answer, &self.upgraded)) {
            upgrade::offer(response.headers_mut());
        } else {
            return Err(NotForwarded::unasked_upgrade(&destination.base));
        }
        Ok(response)
    }
}

/// Moves the fields out of the request and makes them the next connection's.
fn fields(head: &mut request::Parts, arrival: &Arrival, is_upgrade: bool) -> HeaderMap {
    let authority = authority_of(head).map(str::to_owned);
    let mut headers = mem::take(&mut head.headers);
    headers.remove(HOST); // the client writes the target's
    hop_by_hop::strip_request(&mut headers);
    forwarded::append(&mut headers, arrival.peer.address, authority.as_deref(), head.version);
    headers.insert(X_REQUEST_ID, arrival.id.as_value().clone());
    if is_upgrade {
        upgrade::offer(&mut headers);
    }
    headers
}

// ===== impl Destination =====

impl Destination {
    fn new(settings: &TargetSettings) -> Result<Self, InvalidClient> {
        let options = ClientOptions {
            connect_timeout: settings.connect_timeout_ms.millis(),
            idle_timeout: KEPT,
            ca_file: settings.ca_file.as_deref(),
            http1_only: false,
        };
        let upgrading = settings
            .upgrade
            .then(|| client(&settings.url, ClientOptions { http1_only: true, ..options }))
            .transpose()?;
        Ok(Self {
            client: client(&settings.url, options)?,
            upgrading,
            base: settings.url.clone(),
            timeout: settings.timeout_ms.millis(),
            content_timeout: settings.content_timeout_ms.millis(),
        })
    }
}
