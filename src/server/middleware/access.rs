//! One line at INFO for every request, and the request's name in every line that is written meanwhile.
//!
//! The line says method, route (or the path, without the query), status, milliseconds until the answer
//! began, and on a route with policies their decision: never a field's value, never content. A caller
//! that leaves before its answer has a line too, without a status.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use pin_project_lite::pin_project;
use tower::Service;
use tracing::Level;

use crate::policy::decision::Decision;
use crate::routes::route::RouteName;
use crate::server::received::Received;
use crate::telemetry::request;

/// The name the lines are logged under.
const TARGET: &str = "passbridge::access";
/// How much of a path a line shows, in bytes.
const SHOWN: usize = 256;

/// The layer's service.
#[derive(Clone, Debug)]
pub(in crate::server) struct Access<S> {
    inner: S,
}

pin_project! {
    /// The answer, once it is logged.
    pub(in crate::server) struct Logged<F> {
        #[pin]
        inner: F,
        id: Option<HeaderValue>,
        line: Option<Line>,
    }
}

/// A line still to be written; written without a status if it is dropped first.
struct Line {
    id: Option<HeaderValue>,
    method: Method,
    uri: Uri,
    started: Instant,
    is_written: bool,
}

// ===== impl Access =====

impl<S> Access<S> {
    pub(in crate::server) fn around(inner: S) -> Self {
        Self { inner }
    }
}

impl<S, B> Service<Received> for Access<S>
where
    S: Service<Received, Response = Response<B>>,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Logged<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, received: Received) -> Self::Future {
        let mut id = Some(received.arrival.id.as_value().clone());
        // Asked first, for it costs a clock reading and three reference counts.
        let line = tracing::enabled!(target: TARGET, Level::INFO).then(|| Line::begin(id.clone(), &received.request));
        let inside = request::enter(&mut id);
        let inner = self.inner.call(received);
        drop(inside);
        Logged { inner, id, line }
    }
}

// ===== impl Logged =====

impl<F, B, E> Future for Logged<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let _inside = request::enter(this.id);
        let response = ready!(this.inner.poll(context))?;
        if let Some(mut line) = this.line.take() {
            let extensions = response.extensions();
            line.write(Some(response.status()), extensions.get(), extensions.get());
        }
        Poll::Ready(Ok(response))
    }
}

// ===== impl Line =====

impl Line {
    fn begin<A>(id: Option<HeaderValue>, request: &Request<A>) -> Self {
        Self {
            id,
            method: request.method().clone(),
            uri: request.uri().clone(),
            started: Instant::now(),
            is_written: false,
        }
    }

    fn write(&mut self, status: Option<StatusCode>, route: Option<&RouteName>, decision: Option<&Decision>) {
        self.is_written = true;
        let _inside = request::enter(&mut self.id); // it may be dropped by whoever drops the connection
        let method = self.method.as_str();
        let status = status.map(|status| status.as_u16());
        let milliseconds = self.started.elapsed().as_secs_f64() * 1000.0;
        match (route, decision) {
            (Some(RouteName(route)), Some(Decision { upstream, reason, config })) => {
                let (route, upstream, config) = (&**route, &**upstream, &**config);
                tracing::info!(target: TARGET, method, route, upstream, %reason, config, status, milliseconds);
            }
            (Some(RouteName(route)), None) => {
                tracing::info!(target: TARGET, method, route = &**route, status, milliseconds);
            }
            (None, _) => {
                let path = self.uri.path();
                let path = &path[..path.floor_char_boundary(SHOWN)];
                tracing::info!(target: TARGET, method, path, status, milliseconds);
            }
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.is_written {
            self.write(None, None, None);
        }
    }
}
