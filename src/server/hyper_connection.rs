//! One connection, as the library's server serves it: which HTTP it speaks, how long it may be silent, how it ends.
//!
//! The first four bytes tell HTTP/2 from HTTP/1.1, for no method begins like the preface. A connection
//! that sends no complete head in time is closed without a word, whichever version it speaks; an idle
//! one is told to go. The parser's own limits stand well above ours, so that ours speak first.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;
use std::io::{self, Cursor};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::{http1, http2};
use hyper::service::{HttpService, Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt as _, join};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::server::body::Interrupted;
use crate::server::settings::ServerSettings;

/// How HTTP/2 begins, and no request of HTTP/1.1 (RFC 9113 section 3.4).
pub(super) const PREFACE: [u8; 4] = *b"PRI ";
/// How often a live HTTP/2 connection is asked whether it still lives, and how long it may take to answer.
const PING_EVERY: Duration = Duration::from_secs(20);
const PING_WITHIN: Duration = Duration::from_secs(10);
/// How long to wait for the rest of a preface of which only one to three bytes came.
const PEEK_AGAIN: Duration = Duration::from_millis(5);

/// The limits of the parser and of silence.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConnectionLimits {
    pub(super) header_timeout: Duration,
    parsed_bytes: u32,
    parsed_fields: usize,
    max_streams: u32,
}

/// Why a connection ended before its time. Nobody is left to be told but the debug log.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectionError {
    #[error("the connection could not be read")]
    Unreadable(#[from] io::Error),
    #[error("the content of an answer did not come to its end")]
    Interrupted(#[from] Interrupted),
    #[error("the connection broke HTTP, or broke")]
    Http(#[from] hyper::Error),
    #[error("no request came in time")]
    Silent,
    #[error("the caller left before the end of its answer")]
    Left,
}

/// Serves the connection to its end; once `stop` is cancelled, no further than what is under way. What
/// was `read` of it already is served again.
pub(super) async fn serve<S, B>(
    read: Bytes,
    stream: TcpStream,
    service: S,
    limits: ConnectionLimits,
    stop: &CancellationToken,
) -> Result<(), ConnectionError>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send + 'static>,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let is_http2 = match &read[..] {
        [] => tokio::select! {
            () = stop.cancelled() => return Ok(()),
            peeked = timeout(limits.header_timeout, speaks_http2(&stream)) => match peeked {
                Ok(is_http2) => is_http2?,
                Err(_) => return Err(ConnectionError::Silent),
            }
        },
        read => read.starts_with(&PREFACE),
    };
    let activity = Arc::new(Activity::default());
    let counted = service_fn(|request| {
        let turn = Turn::begin(&activity);
        let answer = service.call(request);
        async move {
            let _turn = turn;
            answer.await
        }
    });
    let (reader, writer) = stream.into_split();
    let io = TokioIo::new(join(Cursor::new(read).chain(reader), writer));
    if is_http2 {
        let connection = pin!(limits.http2().serve_connection(io, counted));
        drive(connection, &activity, limits.header_timeout, stop).await
    } else {
        let connection = pin!(limits.http1().serve_connection(io, counted).with_upgrades());
        drive(connection, &activity, limits.header_timeout, stop).await
    }
}

async fn speaks_http2(stream: &TcpStream) -> io::Result<bool> {
    let mut begin = [0; PREFACE.len()];
    loop {
        match stream.peek(&mut begin).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length if begin[..length] != PREFACE[..length] => return Ok(false),
            length if length == PREFACE.len() => return Ok(true),
            _ => sleep(PEEK_AGAIN).await, // peek would return the same bytes at once
        }
    }
}

/// Pinned outside, or an idle connection would hold room for it twice.
async fn drive(
    mut connection: Pin<&mut impl Drain>,
    activity: &Activity,
    silence: Duration,
    stop: &CancellationToken,
) -> Result<(), ConnectionError> {
    let mut stopped = pin!(stop.cancelled());
    let mut alarm = pin!(sleep(silence));
    let mut seen = 0;
    let mut draining = false;
    loop {
        tokio::select! {
            biased;
            // Before the connection, so that an answer that is ready by now says `Connection: close`.
            () = stopped.as_mut(), if !draining => {
                draining = true;
                connection.as_mut().drain();
            }
            result = connection.as_mut() => return Ok(result?),
            () = alarm.as_mut(), if !draining => match activity.begun.load(Ordering::Relaxed) {
                0 => return Err(ConnectionError::Silent),
                begun if begun == seen && activity.under_way.load(Ordering::Relaxed) == 0 => {
                    draining = true;
                    connection.as_mut().drain();
                }
                begun => {
                    seen = begun;
                    alarm.set(sleep(silence));
                }
            }
        }
    }
}

/// The requests of one connection. HTTP/1.1 has a timer of its own for what comes after the first.
#[derive(Debug, Default)]
struct Activity {
    begun: AtomicU32,
    under_way: AtomicU32,
}

/// One request under way, however it ends.
struct Turn(Arc<Activity>);

/// A connection that can be told to end after what is under way.
trait Drain: Future<Output = hyper::Result<()>> {
    fn drain(self: Pin<&mut Self>);
}

// ===== impl ConnectionLimits =====

impl From<&ServerSettings> for ConnectionLimits {
    fn from(settings: &ServerSettings) -> Self {
        let room_to_speak = 4; // what lies between our limits and the parser's
        Self {
            header_timeout: settings.header_timeout_ms.millis(),
            parsed_bytes: u32::try_from(settings.max_head_bytes.get() * room_to_speak)
                .expect("the greatest head is far below 4 GiB")
                .max(16 << 10),
            parsed_fields: settings.max_fields.count() * 2,
            max_streams: u32::try_from(settings.max_streams.get()).unwrap_or(u32::MAX),
        }
    }
}

impl ConnectionLimits {
    fn http1(self) -> http1::Builder {
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new()) // without it no timeout fires
            .header_read_timeout(self.header_timeout)
            .max_buf_size(self.parsed_bytes as usize) // bounds an incomplete head too
            .max_headers(self.parsed_fields);
        builder
    }

    fn http2(self) -> http2::Builder<TokioExecutor> {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_header_list_size(self.parsed_bytes)
            .max_concurrent_streams(self.max_streams)
            .keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PING_WITHIN);
        builder
    }
}

// ===== impl Turn =====

impl Turn {
    fn begin(activity: &Arc<Activity>) -> Self {
        activity.begun.fetch_add(1, Ordering::Relaxed);
        activity.under_way.fetch_add(1, Ordering::Relaxed);
        Self(activity.clone())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

// ===== impl Drain =====

impl<I, B, S> Drain for http1::UpgradeableConnection<I, S>
where
    S: HttpService<Incoming, ResBody = B, Error: Into<Box<dyn Error + Send + Sync>>>,
    I: Read + Write + Unpin + Send + 'static,
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
{
    fn drain(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<I, B, S> Drain for http2::Connection<I, S, TokioExecutor>
where
    S: HttpService<Incoming, ResBody = B, Error: Into<Box<dyn Error + Send + Sync>>, Future: Send + 'static>,
    I: Read + Write + Unpin,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    fn drain(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}
