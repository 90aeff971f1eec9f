//! The access log: one line at INFO for every request. All lines logged for the request carry its ID.
//!
//! The line contains the client's address, the method, the route (or the path without the query), the status and the
//! milliseconds until the response began, and the policy decision on a route with policies. It never contains a field's
//! value or content. If the caller disconnects before the response, the line has no status.

use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use tracing::Level;

use crate::policy::decision::Decision;
use crate::routes::route::RouteName;
use crate::server::body::ResponseBody;
use crate::telemetry::request;

const TARGET: &str = "passbridge::access";
/// The most bytes of a path that are logged.
const MAX_PATH_BYTES: usize = 256;

/// Logs one request. If it is dropped before the response, the line is written without a status.
#[derive(Debug)]
pub(in crate::server) struct AccessLog {
    id: Option<HeaderValue>,
    /// The line that is still to be written.
    line: Option<Line>,
}

#[derive(Debug)]
struct Line {
    client: Arc<str>,
    method: Method,
    uri: Uri,
    started: Instant,
}

// ===== impl AccessLog =====

impl AccessLog {
    pub(in crate::server) fn begin<B>(id: HeaderValue, request: &Request<B>, client: &Arc<str>) -> Self {
        // The check saves a clock reading and two reference counts if the line is disabled.
        let line = tracing::enabled!(target: TARGET, Level::INFO).then(|| Line {
            client: client.clone(),
            method: request.method().clone(),
            uri: request.uri().clone(),
            started: Instant::now(),
        });
        Self { id: Some(id), line }
    }

    /// Calls `poll` with the request ID as the current one, and logs its response.
    pub(in crate::server) fn poll(
        &mut self,
        poll: impl FnOnce() -> Poll<Response<ResponseBody>>,
    ) -> Poll<Response<ResponseBody>> {
        let scope = request::enter(&mut self.id);
        let polled = poll();
        drop(scope);
        if let Poll::Ready(response) = &polled {
            let extensions = response.extensions();
            self.write(Some(response.status()), extensions.get(), extensions.get());
        }
        polled
    }

    fn write(&mut self, status: Option<StatusCode>, route: Option<&RouteName>, decision: Option<&Decision>) {
        let Some(Line { client, method, uri, started }) = self.line.take() else { return };
        let _scope = request::enter(&mut self.id);
        let (client, method) = (&*client, method.as_str());
        let status = status.map(|status| status.as_u16());
        let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
        match (route, decision) {
            (Some(RouteName(route)), Some(Decision { upstream, reason, config })) => {
                let (route, upstream, config) = (&**route, &**upstream, &**config);
                tracing::info!(target: TARGET, client, method, route, upstream, %reason, config, status, milliseconds);
            }
            (Some(RouteName(route)), None) => {
                tracing::info!(target: TARGET, client, method, route = &**route, status, milliseconds);
            }
            (None, _) => {
                let path = uri.path();
                let path = &path[..path.floor_char_boundary(MAX_PATH_BYTES)];
                tracing::info!(target: TARGET, client, method, path, status, milliseconds);
            }
        }
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        self.write(None, None, None);
    }
}
