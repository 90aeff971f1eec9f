//! Turns a panic into a plain 500, so that one request's bug is one request's failure.
//!
//! The panic hook has already reported it. A body that panics while it is streamed is not covered: its
//! head has left, so its connection is cut.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Response, StatusCode};
use pin_project_lite::pin_project;
use tower::Service;

use crate::server::body::EdgeBody;
use crate::server::passthrough::incoming::Streamed;
use crate::server::received::Received;

/// The layer's service.
#[derive(Clone, Debug)]
pub(in crate::server) struct CatchPanic<S> {
    inner: S,
}

pin_project! {
    /// The answer, or the 500 instead of it.
    pub(in crate::server) struct Caught<F> {
        #[pin]
        inner: Option<F>,
    }
}

// ===== impl CatchPanic =====

impl<S> CatchPanic<S> {
    pub(in crate::server) fn around(inner: S) -> Self {
        Self { inner }
    }
}

impl<S> Service<Received> for CatchPanic<S>
where
    S: Service<Received, Response = Response<EdgeBody<Streamed>>>,
{
    type Response = Response<EdgeBody<Streamed>>;
    type Error = S::Error;
    type Future = Caught<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, received: Received) -> Self::Future {
        // Unwind safety: whatever the request held is dropped with it, and what it shared with others
        // (counters, permits, pools) is valid at every step.
        let called = catch_unwind(AssertUnwindSafe(|| self.inner.call(received)));
        Caught { inner: called.ok() }
    }
}

// ===== impl Caught =====

impl<F, E> Future for Caught<F>
where
    F: Future<Output = Result<Response<EdgeBody<Streamed>>, E>>,
{
    type Output = Result<Response<EdgeBody<Streamed>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(inner) = self.project().inner.as_pin_mut() else {
            return Poll::Ready(Ok(failed()));
        };
        let polled: Result<_, Box<dyn Any + Send>> = catch_unwind(AssertUnwindSafe(|| inner.poll(context)));
        polled.unwrap_or_else(|_| Poll::Ready(Ok(failed())))
    }
}

fn failed() -> Response<EdgeBody<Streamed>> {
    tracing::error!("a request panicked");
    EdgeBody::plain(StatusCode::INTERNAL_SERVER_ERROR, "internal error\n")
}
