//! The admin listener: what the operator's machinery asks, on an address of its own, loopback by default.
//!
//! It has a thread of its own, so that it answers when every worker is busy, and it goes on answering
//! through the drain, until the [`RunningAdmin`] is dropped. People find the console there, which is
//! the only part of it that takes content.

mod console;
mod guard;
mod pages;

use std::convert::Infallible;
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::{fmt, io};

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::gateway::reload::Reloadable;
use crate::gateway::report;
use crate::server::accept::{Accepted, accept};
use crate::server::admin::console::{Console, Ends};
use crate::server::hyper_connection::{self, ConnectionLimits};
use crate::server::lifecycle::{Lifecycle, Phase};
use crate::server::listen::bind;
use crate::server::settings::ServerSettings;

/// The media type of metrics (OpenMetrics 1.0).
const METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Connections open at once. Probes and scrapers need few.
const CONNECTIONS: usize = 64;

/// Where the admin listener listens, as the config's `[admin]` spells it.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminSettings {
    /// The address to listen on; whoever reaches it needs no password. Port 0 takes any free one.
    /// Default 127.0.0.1:9090.
    #[schemars(with = "String", title = "an address and port, such as \"127.0.0.1:8080\"")]
    pub listen: SocketAddr,
    /// Whether the console is there, a page to try the routes with. Default: where the address is one
    /// that only this machine reaches.
    pub console: Option<bool>,
}

/// An admin listener whose port is bound, and that answers nobody yet.
#[derive(Debug)]
pub struct Admin {
    listener: TcpListener,
    address: SocketAddr,
    wants_console: bool,
    live: Option<Reloadable>,
}

/// What every connection is answered from.
#[derive(Debug)]
struct Answers {
    lifecycle: Lifecycle,
    live: Option<Reloadable>,
    console: Option<Console>,
}

/// An admin listener that answers until this is dropped.
#[derive(Debug)]
#[must_use = "dropping it closes the listener"]
pub struct RunningAdmin {
    address: SocketAddr,
    has_console: bool,
    _close: DropGuard,
}

impl Default for AdminSettings {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9090)), console: None }
    }
}

// ===== impl AdminSettings =====

impl AdminSettings {
    fn want_console(&self, address: IpAddr) -> bool {
        self.console.unwrap_or(address.is_loopback())
    }
}

// ===== impl Admin =====

impl Admin {
    /// Binds the address.
    ///
    /// # Errors
    ///
    /// The system's: it is in use, not ours, or not allowed.
    pub fn bind(settings: &AdminSettings) -> io::Result<Self> {
        let listener = bind(settings.listen, 1)?.remove(0);
        let address = listener.local_addr()?;
        if !address.ip().is_loopback() {
            tracing::warn!(%address, "the admin listener is open to other machines, without a password");
        }
        let wants_console = settings.want_console(address.ip());
        Ok(Self { listener, address, wants_console, live: None })
    }

    /// Gives it the gateway that it tells of, and that the console tries where the settings want one.
    #[must_use]
    pub fn with_gateway(self, live: Reloadable) -> Self {
        Self { live: Some(live), ..self }
    }

    /// Answers from now on, in a thread of its own.
    ///
    /// # Errors
    ///
    /// The system's, if it gives us no thread or runtime.
    pub fn start(self, lifecycle: &Lifecycle) -> io::Result<RunningAdmin> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(self.listener)?
        };
        let close = CancellationToken::new();
        let console = self.live.clone().filter(|_| self.wants_console).map(Console::new);
        let has_console = console.is_some();
        let running = RunningAdmin { address: self.address, has_console, _close: close.clone().drop_guard() };
        let answers = Arc::new(Answers { lifecycle: lifecycle.clone(), live: self.live, console });
        thread::Builder::new().name("admin".to_owned()).spawn(move || {
            runtime.block_on(serve(listener, answers, close));
            runtime.shutdown_background();
        })?;
        Ok(running)
    }
}

// ===== impl RunningAdmin =====

impl RunningAdmin {
    /// The address that is really bound.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where a browser on this machine finds the console, if it is there. No passkey is made for an
    /// address, so `localhost` stands for those that mean it.
    #[must_use]
    pub fn console_url(&self) -> Option<String> {
        let (ip, port) = (self.address.ip(), self.address.port());
        self.has_console.then(|| match ip.is_loopback() || ip.is_unspecified() {
            true => format!("http://localhost:{port}/"),
            false => format!("http://{}/", self.address),
        })
    }
}

async fn serve(listener: tokio::net::TcpListener, answers: Arc<Answers>, close: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let limits = ConnectionLimits::from(&ServerSettings::default());
    accept(listener, &places, &close, |Accepted { stream, peer, place }| {
        let (answers, close) = (answers.clone(), close.clone());
        tokio::spawn(async move {
            let _place = place;
            // A connection that has no end any more is found by reading.
            let local = stream.local_addr().map_or(peer.ip(), |local| local.ip());
            let service = service_fn(|request: Request<Incoming>| {
                let answers = answers.clone();
                async move { Ok::<_, Infallible>(answers.to(request, Ends { peer, local }).await) }
            });
            if let Err(error) = hyper_connection::serve(Bytes::new(), stream, service, limits, &close).await {
                tracing::debug!(error = &error as &dyn Error, "admin connection ended early");
            }
        });
    })
    .await;
}

// ===== impl Answers =====

impl Answers {
    async fn to(&self, request: Request<Incoming>, ends: Ends) -> Response<Full<Bytes>> {
        match (request.uri().path(), request.method()) {
            ("/healthz", &Method::GET | &Method::HEAD) => plain(StatusCode::OK, "ok"),
            ("/readyz", &Method::GET | &Method::HEAD) => match self.lifecycle.phase() {
                Phase::Starting => plain(StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
                Phase::Serving => plain(StatusCode::OK, "ready\n"),
                Phase::Draining => plain(StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
            },
            ("/readiness", &Method::GET | &Method::HEAD) => self.readiness().await,
            ("/metrics", &Method::GET | &Method::HEAD) => {
                match self.live.as_ref().map(|live| report::metrics(&live.current().runtime)) {
                    Some(Ok(text)) => answer(StatusCode::OK, METRICS, Bytes::from(text)),
                    Some(Err(fmt::Error)) => {
                        plain(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written\n")
                    }
                    None => plain(StatusCode::NOT_FOUND, "there is no gateway to measure\n"),
                }
            }
            ("/shadow", &Method::GET | &Method::HEAD) => self.shadows(),
            ("/healthz" | "/readyz" | "/metrics" | "/readiness" | "/shadow", _) => {
                let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
                response
            }
            _ => {
                let page = match &self.console {
                    Some(console) => console.respond(request, ends).await,
                    None => None,
                };
                page.unwrap_or_else(|| plain(StatusCode::NOT_FOUND, "the admin listener has no such page\n"))
            }
        }
    }
}

impl Answers {
    /// How many of those who sign in could do so at each embedded upstream; counts only.
    async fn readiness(&self) -> Response<Full<Bytes>> {
        let Some(live) = &self.live else { return plain(StatusCode::NOT_FOUND, "there is no gateway to ask\n") };
        let Ok(readiness) = report::readiness(&live.current().runtime).await else {
            return plain(StatusCode::SERVICE_UNAVAILABLE, "a directory does not answer\n");
        };
        let json = serde_json::to_vec(&readiness).expect("counts are JSON");
        answer(StatusCode::OK, "application/json", Bytes::from(json))
    }

    /// What the shadows of the routes came to so far: counts and the names of members, no values.
    fn shadows(&self) -> Response<Full<Bytes>> {
        let reports: Vec<_> = self.live.iter().flat_map(|live| report::shadows(&live.current().runtime)).collect();
        let reports = serde_json::json!({ "routes": reports });
        answer(StatusCode::OK, "application/json", Bytes::from(reports.to_string()))
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    answer(status, "text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()))
}

fn answer(status: StatusCode, media_type: &'static str, content: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(content));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_console_is_there_where_only_this_machine_reaches_it_or_by_the_settings() {
        let want = |console, address: &str| {
            AdminSettings { console, ..AdminSettings::default() }.want_console(address.parse().unwrap())
        };
        assert!(want(None, "127.0.0.1") && want(None, "::1"));
        assert!(!want(None, "0.0.0.0") && !want(None, "192.0.2.7"));
        assert!(want(Some(true), "0.0.0.0"));
        assert!(!want(Some(false), "127.0.0.1"));
    }
}
