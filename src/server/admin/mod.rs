//! The admin listener: health, readiness, metrics and the console, on its own address, loopback by default.
//!
//! It runs on its own thread, so that it responds even if every worker is busy, and during the drain, until
//! [`RunningAdmin`] is dropped. Only the console reads the content of requests.

mod console;
mod guard;
mod pages;

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
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::gateway::reload::Reloadable;
use crate::gateway::report;
use crate::server::accept::{AcceptedConnection, accept};
use crate::server::admin::console::{ConnectionAddresses, Console};
use crate::server::connection_admission::ConnectionAdmission;
use crate::server::hyper_connection::{self, ConnectionLimits};
use crate::server::lifecycle::{Lifecycle, Phase};
use crate::server::listen::{BoundSocket, Listener, Socket, tcp};
use crate::server::server_settings::ServerSettings;

/// The content type of metrics (OpenMetrics 1.0).
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Probes and scrapers need few connections.
const MAX_CONNECTIONS: usize = 64;

/// The admin listener: health checks, metrics and the console.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminSettings {
    /// The address to listen on. Access needs no password. Port 0 selects a free port. Default 127.0.0.1:9090.
    #[schemars(with = "String", title = "an address and port, such as \"127.0.0.1:9090\"")]
    pub listen: SocketAddr,
    /// Whether to serve the console, a page for trying the routes. Default: true if the address is a loopback
    /// address.
    pub console: Option<bool>,
}

/// An admin listener that is bound to its address but does not accept connections yet.
#[derive(Debug)]
pub struct Admin {
    listener: TcpListener,
    address: SocketAddr,
    wants_console: bool,
    gateway: Option<Reloadable>,
}

/// Responds to requests.
#[derive(Debug)]
struct AdminService {
    lifecycle: Lifecycle,
    gateway: Option<Reloadable>,
    console: Option<Console>,
}

/// An admin listener that accepts connections until this is dropped.
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
    /// If the address is in use, not local, or not permitted.
    pub fn bind(settings: &AdminSettings) -> io::Result<Self> {
        let listener = tcp::bind(settings.listen, 1, tcp::Family::Both)?.remove(0);
        let address = listener.local_addr()?;
        if !address.ip().is_loopback() {
            tracing::warn!(%address, "admin listener is reachable from other machines without a password");
        }
        let wants_console = settings.want_console(address.ip());
        Ok(Self { listener, address, wants_console, gateway: None })
    }

    /// Sets the gateway for metrics, readiness and the console.
    #[must_use]
    pub fn with_gateway(self, gateway: Reloadable) -> Self {
        Self { gateway: Some(gateway), ..self }
    }

    /// Starts accepting connections on a thread of its own.
    ///
    /// # Errors
    ///
    /// If the system provides no thread or runtime.
    pub fn start(self, lifecycle: &Lifecycle) -> io::Result<RunningAdmin> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            let listen = Arc::new(self.address.into());
            BoundSocket { listen, socket: Socket::Tcp(self.listener) }.into_listener()?
        };
        let close = CancellationToken::new();
        let console = self.gateway.clone().filter(|_| self.wants_console).map(Console::new);
        let has_console = console.is_some();
        let running = RunningAdmin { address: self.address, has_console, _close: close.clone().drop_guard() };
        let service = Arc::new(AdminService { lifecycle: lifecycle.clone(), gateway: self.gateway, console });
        thread::Builder::new().name("admin".to_owned()).spawn(move || {
            runtime.block_on(serve(listener, service, close));
            runtime.shutdown_background();
        })?;
        Ok(running)
    }
}

// ===== impl RunningAdmin =====

impl RunningAdmin {
    /// The bound address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of the console for a browser on this machine, if it is served. Passkeys need a host name, so a
    /// loopback or unspecified address is written as `localhost`.
    #[must_use]
    pub fn console_url(&self) -> Option<String> {
        let (ip, port) = (self.address.ip(), self.address.port());
        self.has_console.then(|| match ip.is_loopback() || ip.is_unspecified() {
            true => format!("http://localhost:{port}/"),
            false => format!("http://{}/", self.address),
        })
    }
}

async fn serve(listener: Listener, service: Arc<AdminService>, close: CancellationToken) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let admission = ConnectionAdmission::new(permits);
    let limits = ConnectionLimits::from(&ServerSettings::default());
    accept(listener, &admission, &close, |AcceptedConnection { stream, peer, permit, .. }| {
        let Some(peer) = peer else { return };
        let service = service.clone();
        tokio::spawn(async move {
            let activity = permit.activity();
            // Fails only if the connection is closed already, and then reading fails too.
            let local = stream.local_ip().unwrap_or(peer.ip());
            let addresses = ConnectionAddresses { peer, local };
            let respond = |request| {
                let (service, active) = (service.clone(), activity.begin());
                async move {
                    let _active = active;
                    service.respond(request, addresses).await
                }
            };
            if let Err(error) = hyper_connection::serve(Bytes::new(), stream, respond, limits, &permit).await {
                tracing::debug!(error = &error as &dyn Error, "admin connection ended early");
            }
        });
    })
    .await;
}

// ===== impl AdminService =====

impl AdminService {
    async fn respond(
        self: Arc<Self>,
        request: Request<Incoming>,
        addresses: ConnectionAddresses,
    ) -> Response<Full<Bytes>> {
        match (request.uri().path(), request.method()) {
            ("/healthz", &Method::GET | &Method::HEAD) => plain(StatusCode::OK, "ok"),
            ("/readyz", &Method::GET | &Method::HEAD) => match self.lifecycle.phase() {
                Phase::Starting => plain(StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
                Phase::Serving => plain(StatusCode::OK, "ready\n"),
                Phase::Draining => plain(StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
            },
            ("/readiness", &Method::GET | &Method::HEAD) => self.readiness().await,
            ("/metrics", &Method::GET | &Method::HEAD) => {
                match self.gateway.as_ref().map(|gateway| report::metrics(&gateway.current().runtime)) {
                    Some(Ok(text)) => response(StatusCode::OK, OPENMETRICS, Bytes::from(text)),
                    Some(Err(fmt::Error)) => {
                        plain(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written\n")
                    }
                    None => plain(StatusCode::NOT_FOUND, "no gateway is running\n"),
                }
            }
            ("/shadow", &Method::GET | &Method::HEAD) => self.shadow_reports(),
            ("/healthz" | "/readyz" | "/metrics" | "/readiness" | "/shadow", _) => {
                let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
                response
            }
            _ => {
                let page = match &self.console {
                    Some(console) => console.respond(request, addresses).await,
                    None => None,
                };
                page.unwrap_or_else(|| plain(StatusCode::NOT_FOUND, "not found\n"))
            }
        }
    }

    /// How many of the users who sign in could do so at each embedded upstream, as counts only.
    async fn readiness(&self) -> Response<Full<Bytes>> {
        let Some(gateway) = &self.gateway else { return plain(StatusCode::NOT_FOUND, "no gateway is running\n") };
        let Ok(readiness) = report::readiness(&gateway.current().runtime).await else {
            return plain(StatusCode::SERVICE_UNAVAILABLE, "a directory does not respond\n");
        };
        let json = serde_json::to_vec(&readiness).expect("counts can be serialized");
        response(StatusCode::OK, "application/json", Bytes::from(json))
    }

    /// The results of shadow calls so far, as counts and member names, without values.
    fn shadow_reports(&self) -> Response<Full<Bytes>> {
        let reports: Vec<_> =
            self.gateway.iter().flat_map(|gateway| report::shadows(&gateway.current().runtime)).collect();
        let reports = serde_json::json!({ "routes": reports });
        response(StatusCode::OK, "application/json", Bytes::from(reports.to_string()))
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    response(status, "text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()))
}

fn response(status: StatusCode, media_type: &'static str, content: Bytes) -> Response<Full<Bytes>> {
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
    fn by_default_the_console_is_served_on_loopback_only() {
        let want = |console, address: &str| {
            AdminSettings { console, ..AdminSettings::default() }.want_console(address.parse().unwrap())
        };
        assert!(want(None, "127.0.0.1") && want(None, "::1"));
        assert!(!want(None, "0.0.0.0") && !want(None, "192.0.2.7"));
        assert!(want(Some(true), "0.0.0.0"));
        assert!(!want(Some(false), "127.0.0.1"));
    }
}
