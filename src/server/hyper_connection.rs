//! Serves one connection with hyper: HTTP version, timeouts, graceful shutdown.
//!
//! The first four bytes distinguish HTTP/2 from HTTP/1.1. A connection without a complete head in time is
//! closed without a response; an idle one is shut down gracefully. The parser's limits are well above the
//! configured ones, so that a violation is refused by [`limits`](super::limits).

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::{http1, http2};
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::AsyncReadExt as _;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::http1::request_guard::HeadLimits;
use crate::server::body::BodyError;
use crate::server::caller_stream::CallerStream;
use crate::server::connection_admission::{Activity, ConnectionPermit};
use crate::server::frame_budget::FrameBudget;
use crate::server::guarded_stream::{GuardedStream, linger};
use crate::server::replayed_stream::ReplayedStream;
use crate::server::server_settings::ServerSettings;

/// The beginning of an HTTP/2 connection; no HTTP/1.1 request begins with it (RFC 9113 section 3.4).
pub(super) const HTTP2_PREFACE: [u8; 4] = *b"PRI ";
/// How often an HTTP/2 connection is pinged, and how long a ping may take.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// The timeouts and parser limits of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConnectionLimits {
    pub(super) header_timeout: Duration,
    parser_max_bytes: u32,
    parser_max_fields: usize,
    max_streams: u32,
}

/// Why a connection ended early. It is reported in the debug log only.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectionError {
    #[error("the connection failed")]
    Io(#[from] io::Error),
    #[error("the content of a response is incomplete")]
    Body(#[from] BodyError),
    #[error("the connection failed or is not valid HTTP")]
    Http(#[from] hyper::Error),
    #[error("no request arrived in time")]
    IdleTimeout,
    #[error("the caller disconnected before the response was complete")]
    CallerClosed,
}

/// Serves the connection until it ends. After the permit is closed, only current requests are finished.
/// `unread` are bytes already read from `stream`.
pub(super) async fn serve<F, B>(
    mut unread: Bytes,
    mut stream: CallerStream,
    respond: impl Fn(Request<Incoming>) -> F,
    limits: ConnectionLimits,
    permit: &ConnectionPermit,
) -> Result<(), ConnectionError>
where
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let (activity, stop) = (permit.activity(), permit.close());
    if unread.is_empty() {
        unread = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            first = timeout(limits.header_timeout, read_first_bytes(&mut stream)) => match first {
                Ok(first) => first?,
                Err(_) => return Err(ConnectionError::IdleTimeout),
            }
        };
    }
    let is_http2 = unread.starts_with(&HTTP2_PREFACE);
    let is_upgraded = Arc::new(AtomicBool::new(false));
    let service = service_fn(|request| {
        let is_upgraded = is_upgraded.clone();
        let response = respond(request);
        async move {
            let response = response.await;
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                is_upgraded.store(true, Ordering::Relaxed);
            }
            Ok::<_, Infallible>(response)
        }
    });
    if is_http2 {
        let io = TokioIo::new(FrameBudget::new(ReplayedStream::new(unread, stream)));
        let connection = pin!(limits.http2().serve_connection(io, service));
        return drive(connection, &activity, limits.header_timeout, stop).await;
    }
    let (guarded, mut unread) = GuardedStream::new(&unread, stream, limits.head(), is_upgraded.clone());
    let ended = {
        let connection = pin!(limits.http1().serve_connection(TokioIo::new(guarded), service).with_upgrades());
        drive(connection, &activity, limits.header_timeout, stop).await
    };
    if !matches!(ended, Err(ConnectionError::IdleTimeout))
        && let Ok(stream) = unread.try_recv()
    {
        linger(stream).await;
    }
    ended
}

/// Reads as many bytes as it takes to distinguish HTTP/2 from HTTP/1.1.
async fn read_first_bytes(stream: &mut CallerStream) -> io::Result<Bytes> {
    let mut first = Vec::with_capacity(HTTP2_PREFACE.len());
    loop {
        match stream.take((HTTP2_PREFACE.len() - first.len()) as u64).read_buf(&mut first).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            _ if first.len() == HTTP2_PREFACE.len() || !HTTP2_PREFACE.starts_with(&first) => return Ok(first.into()),
            _ => {}
        }
    }
}

/// Drives the connection to its end. It is pinned by the caller, because a connection moved in here would
/// occupy memory twice.
async fn drive(
    mut connection: Pin<&mut impl GracefulShutdown>,
    activity: &Activity,
    idle_timeout: Duration,
    stop: &CancellationToken,
) -> Result<(), ConnectionError> {
    let mut stopped = pin!(stop.cancelled());
    let mut timer = pin!(sleep(idle_timeout));
    // For HTTP/1.1, hyper has its own timer after the first request.
    let begun = activity.idle_since();
    let mut idle_since = begun;
    let mut draining = false;
    loop {
        tokio::select! {
            biased;
            // Before the connection, so that a response that is already available carries `Connection: close`.
            () = stopped.as_mut(), if !draining => {
                draining = true;
                connection.as_mut().shut_down();
            }
            result = connection.as_mut() => return Ok(result?),
            () = timer.as_mut(), if !draining => {
                let was_idle = !activity.has_active_requests() && activity.idle_since() == idle_since;
                if was_idle && idle_since == begun {
                    return Err(ConnectionError::IdleTimeout);
                }
                if was_idle {
                    draining = true;
                    connection.as_mut().shut_down();
                }
                idle_since = activity.idle_since();
                timer.set(sleep(idle_timeout));
            }
        }
    }
}

/// A connection that can end after its current requests.
trait GracefulShutdown: Future<Output = hyper::Result<()>> {
    fn shut_down(self: Pin<&mut Self>);
}

// ===== impl ConnectionLimits =====

impl From<&ServerSettings> for ConnectionLimits {
    fn from(settings: &ServerSettings) -> Self {
        let margin = 4; // of the parser's limit over the configured one
        Self {
            header_timeout: settings.header_timeout_ms.millis(),
            parser_max_bytes: u32::try_from(settings.max_head_bytes.get() * margin)
                .expect("the largest limit is far below 4 GiB")
                .max(16 << 10),
            parser_max_fields: settings.max_fields.count() * 2,
            max_streams: u32::try_from(settings.max_streams.get()).unwrap_or(u32::MAX),
        }
    }
}

impl ConnectionLimits {
    fn http1(self) -> http1::Builder {
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new()) // without a timer no timeout fires
            .header_read_timeout(self.header_timeout)
            .max_buf_size(self.parser_max_bytes as usize) // limits an incomplete head too
            .max_headers(self.parser_max_fields);
        builder
    }

    /// The limits of hyper's parser, as the guard before it has to know them.
    fn head(self) -> HeadLimits {
        HeadLimits { max_bytes: self.parser_max_bytes as usize, max_fields: self.parser_max_fields }
    }

    fn http2(self) -> http2::Builder<TokioExecutor> {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_header_list_size(self.parser_max_bytes)
            .max_concurrent_streams(self.max_streams)
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT);
        builder
    }
}

// ===== impl GracefulShutdown =====

impl<I, B, S> GracefulShutdown for http1::UpgradeableConnection<I, S>
where
    S: HttpService<Incoming, ResBody = B, Error: Into<Box<dyn Error + Send + Sync>>>,
    I: Read + Write + Unpin + Send + 'static,
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
{
    fn shut_down(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<I, B, S> GracefulShutdown for http2::Connection<I, S, TokioExecutor>
where
    S: HttpService<Incoming, ResBody = B, Error: Into<Box<dyn Error + Send + Sync>>, Future: Send + 'static>,
    I: Read + Write + Unpin,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    fn shut_down(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}
