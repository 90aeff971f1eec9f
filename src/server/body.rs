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

use crate::server::pace::{Pace, PaceLimits};

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
    /// Set for content that passes through.
    pace: Option<Box<Pace>>,
}

/// Why a body is incomplete.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    /// Nothing arrived within the idle timeout.
    #[error("timed out waiting for the content")]
    IdleTimeout,
    /// It arrives too slowly or takes too long.
    #[error("the content arrives too slowly")]
    TooSlow,
    /// The connection was lost, or the framing is invalid.
    #[error("the content is incomplete")]
    Incomplete(#[source] Box<dyn Error + Send + Sync>),
}

// ===== impl EdgeBody =====

impl<B> EdgeBody<B> {
    pub(super) fn streamed(inner: B, idle_timeout: Duration) -> Self {
        Self::Streamed(IdleTimeoutBody { inner, idle_timeout, timer: None, has_ended: None, pace: None })
    }

    /// Limits the rate and the total time from now on.
    pub(super) fn limit_pace(&mut self, limits: PaceLimits) {
        if let Self::Streamed(body) = self {
            body.pace = Pace::begin(limits).map(Box::new);
        }
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
        if let Some(pace) = &mut self.pace
            && pace.poll_too_slow(context).is_ready()
        {
            return Poll::Ready(Some(Err(BodyError::TooSlow)));
        }
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(context) {
            if let (Some(pace), Some(Ok(frame))) = (&mut self.pace, &frame) {
                pace.received(frame.data_ref().map_or(0, Bytes::len));
            }
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::Future as _;

    use http_body_util::BodyExt as _;

    use super::*;

    /// Sends one byte per interval, without end.
    struct Trickle(Duration, Option<Pin<Box<Sleep>>>);

    impl Body for Trickle {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let interval = self.0;
            ready!(self.1.get_or_insert_with(|| Box::pin(sleep(interval))).as_mut().poll(context));
            self.1 = None;
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
        }
    }

    /// How many seconds pass before the body fails.
    async fn failing_after(interval: Duration, min_rate: u64, deadline: u64) -> u64 {
        let begun = tokio::time::Instant::now();
        let mut body = EdgeBody::streamed(Trickle(interval, None), Duration::from_secs(3_600));
        body.limit_pace(PaceLimits { min_rate, deadline: Duration::from_secs(deadline) });
        let error = body.collect().await.unwrap_err();
        assert!(matches!(error, BodyError::TooSlow), "{error}");
        begun.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn content_below_the_rate_fails_after_a_minute() {
        assert_eq!(failing_after(Duration::from_secs(14), 1, 0).await, 60);
        assert_eq!(failing_after(Duration::from_millis(11), 100, 3_600).await, 60);
    }

    #[tokio::test(start_paused = true)]
    async fn content_above_the_rate_fails_at_the_deadline() {
        assert_eq!(failing_after(Duration::from_millis(9), 100, 600).await, 600);
        assert_eq!(failing_after(Duration::from_secs(50), 0, 600).await, 600);
    }
}
