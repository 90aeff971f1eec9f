//! The client whose requests and responses are streamed: one target, HTTP/1.1 or HTTP/2.
//!
//! hyper reads and writes the messages. Connections and their checks are those of the other client. A request
//! is sent once, as it is: no proxies, redirects, cookies or added fields. If sending fails because the target
//! has refused the request early, its response is returned (RFC 9112 section 9.5).

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Request, Response, Uri, Version};
use http_body::Body;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use crate::http1::framing::FramingFields;
use crate::upstream::base_url::BaseUrl;
use crate::upstream::connection::connect::Connector;
use crate::upstream::connection::pool::{Idle, IdleState, Pool};
use crate::upstream::connection::shared_stream::SharedStream;
use crate::upstream::connection::stream::Stream;
use crate::upstream::tls::{self, TlsError};

/// How often an HTTP/2 connection is pinged.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// How long a ping may take. Without this, a dead connection blocks every request that shares it.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// The client of one target. `B` is the content of its requests.
pub(crate) struct StreamingClient<B> {
    /// Scheme and authority.
    origin: Uri,
    host: HeaderValue,
    connector: Connector,
    pool: Pool<Http1Connection<B>>,
    /// The HTTP/2 connection that all requests share, once the target has agreed on HTTP/2.
    http2: Mutex<Option<http2::SendRequest<B>>>,
}

/// The options of a client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamingOptions<'a> {
    pub(crate) connect_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) ca_file: Option<&'a Path>,
    /// Needed for upgrades, which exist only in HTTP/1.1.
    pub(crate) http1_only: bool,
}

/// A request without a response.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamingError {
    /// The connection could not be established.
    #[error("cannot connect")]
    Unreachable(#[source] io::Error),
    /// The response has several lengths, or a transfer coding other than a single `chunked`.
    #[error("the end of the response is ambiguous")]
    AmbiguousFraming,
    /// The connection was lost, the response is not valid HTTP, or the content of the request failed.
    #[error("the connection was lost or the response is not valid HTTP")]
    Failed(#[from] hyper::Error),
}

/// An HTTP/1.1 connection, driven by a task of its own.
struct Http1Connection<B> {
    sender: http1::SendRequest<B>,
    stream: SharedStream,
}

// ===== impl StreamingClient =====

impl<B> StreamingClient<B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    /// Reads certificate authorities from disk. Does not connect yet.
    pub(crate) fn new(base: &BaseUrl, options: StreamingOptions<'_>) -> Result<Self, TlsError> {
        let protocols: &[&str] = if options.http1_only { &["http/1.1"] } else { &["h2", "http/1.1"] };
        let tls = if base.is_plain() { None } else { Some(tls::client_config(options.ca_file, protocols)?) };
        let url = base.to_url();
        let origin = url.origin().ascii_serialization();
        let origin: Uri = origin.parse().expect("the origin of a base URL is a URI");
        let host = origin.authority().map_or("", |authority| authority.as_str());
        Ok(Self {
            host: HeaderValue::from_str(host).expect("an authority is a field value"),
            origin,
            connector: Connector::new(&url, tls, options.connect_timeout)?,
            pool: Pool::new(options.idle_timeout),
            http2: Mutex::default(),
        })
    }

    /// Sends `request`, whose target is a path and query, and returns the response when its head has arrived.
    /// Sets the field `host`.
    pub(crate) async fn send(&self, mut request: Request<B>) -> Result<Response<Incoming>, StreamingError> {
        request.extensions_mut().clear();
        loop {
            if let Some(sender) = self.shared_http2() {
                match self.send_http2(sender, request).await? {
                    Ok(response) => return Ok(response),
                    Err(unsent) => request = unsent,
                }
                continue;
            }
            let connection = match self.pool.take() {
                Some(connection) => connection,
                None => match self.connect().await? {
                    Some(connection) => connection,
                    None => continue, // HTTP/2
                },
            };
            match self.send_http1(connection, request).await? {
                Ok(response) => return Ok(response),
                Err(unsent) => request = unsent,
            }
        }
    }

    async fn send_http1(
        &self,
        mut connection: Http1Connection<B>,
        mut request: Request<B>,
    ) -> Result<Result<Response<Incoming>, Request<B>>, StreamingError> {
        connection.stream.set_idle(false);
        *request.version_mut() = Version::HTTP_11;
        request.headers_mut().insert(HOST, self.host.clone());
        let response = match connection.sender.try_send_request(request).await {
            Ok(response) => response,
            Err(mut failed) => match failed.take_message() {
                Some(unsent) => return Ok(Err(unsent)),
                None => return Err(failed.into_error().into()),
            },
        };
        if !FramingFields::are_unambiguous(response.headers()) {
            return Err(StreamingError::AmbiguousFraming); // hyper repairs what callers may read differently
        }
        let pool = self.pool.clone();
        tokio::spawn(async move {
            // Ready when the response was read to its end.
            if connection.sender.ready().await.is_ok() {
                connection.stream.set_idle(true);
                pool.put(connection);
            }
        });
        Ok(Ok(response))
    }

    async fn send_http2(
        &self,
        mut sender: http2::SendRequest<B>,
        mut request: Request<B>,
    ) -> Result<Result<Response<Incoming>, Request<B>>, StreamingError> {
        *request.version_mut() = Version::HTTP_2;
        request.headers_mut().remove(HOST); // the authority of the target says it
        let path = request.uri().path_and_query().cloned();
        let mut uri = self.origin.clone().into_parts();
        uri.path_and_query = path;
        *request.uri_mut() = Uri::from_parts(uri).expect("an origin and a path are a URI");
        match sender.try_send_request(request).await {
            Ok(response) => Ok(Ok(response)),
            Err(mut failed) => match failed.take_message() {
                Some(unsent) => Ok(Err(unsent)),
                None => Err(failed.into_error().into()),
            },
        }
    }

    fn shared_http2(&self) -> Option<http2::SendRequest<B>> {
        let mut shared = self.http2.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.as_ref().is_some_and(http2::SendRequest::is_closed) {
            *shared = None;
        }
        shared.clone()
    }

    /// Opens a connection; `None` if it is HTTP/2 and shared from now on.
    async fn connect(&self) -> Result<Option<Http1Connection<B>>, StreamingError> {
        let stream = Box::pin(self.connector.connect()).await.map_err(StreamingError::Unreachable)?;
        if stream.is_http2() {
            self.share_http2(stream).await?;
            return Ok(None);
        }
        let stream = SharedStream::new(stream);
        let (sender, connection) = http1::handshake(TokioIo::new(stream.clone())).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(error = &error as &dyn Error, "connection to a target ended early");
            }
        });
        Ok(Some(Http1Connection { sender, stream }))
    }

    async fn share_http2(&self, stream: Stream) -> Result<(), StreamingError> {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .keep_alive_while_idle(true);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = &error as &dyn Error, "connection to a target ended early");
            }
        });
        *self.http2.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        Ok(())
    }
}

// By hand: the connections need no description.
impl<B> fmt::Debug for StreamingClient<B> {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.debug_struct("StreamingClient").field("connector", &self.connector).finish_non_exhaustive()
    }
}

// ===== impl Http1Connection =====

impl<B: Send + 'static> Idle for Http1Connection<B> {
    fn state(&mut self) -> IdleState {
        match self.stream.state() {
            IdleState::Quiet if self.sender.is_closed() => IdleState::Closed,
            state => state,
        }
    }
}
