//! The bodies of requests and responses. Neither is boxed.
//!
//! A streamed body that is awaited and sends nothing for its idle timeout fails. Time in which the body is
//! not polled does not count.

use std::error::Error;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep};

/// The body of a request.
pub(super) type RequestBody = EdgeBody<Incoming>;
/// The body of a response. It is streamed only from a passthrough target.
pub(super) type ResponseBody = EdgeBody<Incoming>;

/// A body in one piece or streamed.
#[derive(Debug)]
pub(super) enum EdgeBody<B> {
    /// The whole content; empty after it was taken.
    Whole(Bytes),
    /// Content that is still arriving.
    Streamed(IdleTimeoutBody<B>),
}

/// A body that fails if it is awaited for longer than its idle timeout.
#[derive(Debug)]
pub(super) struct IdleTimeoutBody<B> {
    inner: B,
    idle_timeout: Duration,
    /// Set while the body is awaited, which most bodies never are.
    timer: Option<Pin<Box<Sleep>>>,
    /// Set to true when the body has ended.
    has_ended: Option<Arc<AtomicBool>>,
}

/// Why a body is incomplete.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// Nothing arrived within the idle timeout.
    #[error("timed out waiting for the content")]
    IdleTimeout,
    /// The connection was lost, or the framing is invalid.
    #[error("the content is incomplete")]
    Incomplete(#[source] Box<dyn Error + Send + Sync>),
}

// ===== impl EdgeBody =====

impl<B> EdgeBody<B> {
    pub(super) fn streamed(inner: B, idle_timeout: Duration) -> Self {
        Self::Streamed(IdleTimeoutBody { inner, idle_timeout, timer: None, has_ended: None })
    }

    /// Sets `has_ended` to true when the body has ended.
    pub(super) fn report_end(&mut self, end: Arc<AtomicBool>) {
        if let Self::Streamed(body) = self {
            body.has_ended = Some(end);
        }
    }
}

impl ResponseBody {
    /// A plain text response.
    pub(super) fn plain(status: StatusCode, text: &'static str) -> Response<Self> {
        let mut response = Response::new(Self::Whole(Bytes::from_static(text.as_bytes())));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        response
    }
}

impl<B> Body for EdgeBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(mem::take(bytes))))),
            Self::Streamed(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Streamed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Streamed(body) => body.size_hint(),
        }
    }
}

// ===== impl IdleTimeoutBody =====

impl<B> Body for IdleTimeoutBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(context) {
            self.timer = None;
            let is_last = match &frame {
                Some(Ok(frame)) => frame.is_trailers() || self.inner.is_end_stream(),
                Some(Err(_)) => false,
                None => true,
            };
            if is_last && let Some(end) = &self.has_ended {
                end.store(true, Ordering::Relaxed);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(|error| BodyError::Incomplete(error.into()))));
        }
        let idle_timeout = self.idle_timeout;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(idle_timeout)));
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Some(Err(BodyError::IdleTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
