//! Names every request: the caller's `x-request-id` if it is sane, else a new one.
//!
//! The name is in the request's extensions and on the response, whoever made it. A request that passes
//! through bears it as a field again.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderName, Request, Response};
use pin_project_lite::pin_project;
use tower::Service;

use crate::gateway::outcome::RequestId;

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
        id: RequestId,
    }
}

// ===== impl RequestIds =====

impl<S> RequestIds<S> {
    pub(in crate::server) fn around(inner: S) -> Self {
        Self { inner }
    }
}

impl<S, A, B> Service<Request<A>> for RequestIds<S>
where
    S: Service<Request<A>, Response = Response<B>>,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Named<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let id = request.headers().get(X_REQUEST_ID);
        let id = id.and_then(RequestId::accept).unwrap_or_else(RequestId::random);
        request.extensions_mut().insert(id.clone());
        Named { inner: self.inner.call(request), id }
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
        response.headers_mut().insert(X_REQUEST_ID, this.id.as_value().clone());
        Poll::Ready(Ok(response))
    }
}
