//! Tells every caller what its request is called, whoever answered it.
//!
//! A request that passes through bears its name as a field too.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderName, HeaderValue, Response};
use pin_project_lite::pin_project;
use tower::Service;

use crate::server::received::Received;

/// The field that bears the name.
pub(in crate::server) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The layer's service.
#[derive(Clone, Debug)]
pub(in crate::server) struct RequestIds<S> {
    inner: S,
}

pin_project! {
    /// The answer, once it bears the name.
    pub(in crate::server) struct Named<F> {
        #[pin]
        inner: F,
        id: HeaderValue,
    }
}

// ===== impl RequestIds =====

impl<S> RequestIds<S> {
    pub(in crate::server) fn around(inner: S) -> Self {
        Self { inner }
    }
}

impl<S, B> Service<Received> for RequestIds<S>
where
    S: Service<Received, Response = Response<B>>,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Named<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, received: Received) -> Self::Future {
        let id = received.arrival.id.as_value().clone();
        Named { inner: self.inner.call(received), id }
    }
}

// ===== impl Named =====

impl<F, B, E> Future for Named<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(context))?;
        response.headers_mut().insert(X_REQUEST_ID, this.id.clone());
        Poll::Ready(Ok(response))
    }
}
