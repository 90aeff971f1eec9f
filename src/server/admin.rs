//! The admin listener: what the operator's machinery asks, on an address of its own, loopback by default.
//!
//! It has a thread of its own, so that it answers when every worker is busy, and it goes on answering
//! through the drain, until the [`RunningAdmin`] is dropped. It takes no content.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

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

use crate::server::accept::{Accepted, accept};
use crate::server::connection::{self, ConnectionLimits};
use crate::server::lifecycle::{Lifecycle, Phase};
use crate::server::listen::bind;
use crate::server::settings::ServerSettings;

/// Connections open at once. Probes and scrapers need few.
const CONNECTIONS: usize = 64;

/// Where the admin listener listens, as the config's `[admin]` spells it.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminSettings {
    /// The address to listen on; whoever reaches it needs no password. Port 0 takes any free one.
    /// Default 127.0.0.1:9090.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
}

/// An admin listener whose port is bound, and that answers nobody yet.
#[derive(Debug)]
pub struct Admin {
    listener: TcpListener,
    address: SocketAddr,
}

/// An admin listener that answers until this is dropped.
#[derive(Debug)]
#[must_use = "dropping it closes the listener"]
pub struct RunningAdmin {
    address: SocketAddr,
    _close: DropGuard,
}

impl Default for AdminSettings {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9090)) }
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
        Ok(Self { listener, address })
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
        let running = RunningAdmin { address: self.address, _close: close.clone().drop_guard() };
        let lifecycle = lifecycle.clone();
        thread::Builder::new().name("admin".to_owned()).spawn(move || {
            runtime.block_on(serve(listener, lifecycle, close));
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
}

async fn serve(listener: tokio::net::TcpListener, lifecycle: Lifecycle, close: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let limits = ConnectionLimits::from(&ServerSettings::default());
    accept(listener, &places, &close, |Accepted { stream, place, .. }| {
        let (lifecycle, close) = (lifecycle.clone(), close.clone());
        tokio::spawn(async move {
            let _place = place;
            let service = service_fn(|request: Request<Incoming>| {
                let response = respond(&lifecycle, request.method(), request.uri().path());
                async move { Ok::<_, Infallible>(response) }
            });
            if let Err(error) = connection::serve(stream, service, limits, &close).await {
                tracing::debug!(error = &error as &dyn Error, "admin connection ended early");
            }
        });
    })
    .await;
}

fn respond(lifecycle: &Lifecycle, method: &Method, path: &str) -> Response<Full<Bytes>> {
    match (path, method) {
        ("/healthz", &Method::GET | &Method::HEAD) => plain(StatusCode::OK, "ok"),
        ("/readyz", &Method::GET | &Method::HEAD) => match lifecycle.phase() {
            Phase::Starting => plain(StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
            Phase::Serving => plain(StatusCode::OK, "ready\n"),
            Phase::Draining => plain(StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
        },
        ("/healthz" | "/readyz", _) => {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            response
        }
        _ => plain(StatusCode::NOT_FOUND, "the admin listener has no such page\n"),
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
