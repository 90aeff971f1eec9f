//! One worker: a thread that builds its application, serves, and drains.

use std::error::Error;
use std::net::TcpListener;
use std::sync::{Arc, mpsc};

use http::Request;
use http::header::UPGRADE;
use hyper::body::Incoming;
use hyper::service::service_fn;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use crate::gateway::handler::{Handler, Peer};
use crate::server::accept::{Accepted, accept};
use crate::server::application::Application;
use crate::server::body::EdgeBody;
use crate::server::fast_path::{self, Ended};
use crate::server::hyper_connection::{self, ConnectionLimits};
use crate::server::lifecycle::Lifecycle;
use crate::server::limits::RequestLimits;
use crate::server::passthrough::Passthrough;
use crate::server::passthrough::settings::PassthroughSettings;
use crate::server::received::Received;
use crate::server::settings::ServerSettings;
use crate::server::workers::{Drained, StartError};
use crate::telemetry;

/// What all workers are given.
pub(super) struct Shared<F> {
    pub(super) settings: ServerSettings,
    pub(super) passthrough: PassthroughSettings,
    pub(super) lifecycle: Lifecycle,
    pub(super) limits: RequestLimits,
    pub(super) places: Arc<Semaphore>,
    pub(super) build: F,
}

/// A worker's thread.
pub(super) fn work<F, G, E>(
    listener: TcpListener,
    shared: &Shared<F>,
    ready: &mpsc::Sender<Result<(), StartError>>,
    ended: oneshot::Sender<Drained>,
) where
    F: Fn() -> Result<G, E>,
    G: Handler,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    telemetry::buffer_on_this_thread();
    let _stops_all = shared.lifecycle.stopped().clone().drop_guard();
    let tasks = TaskTracker::new();
    let prepared = runtime().and_then(|runtime| {
        let inside = runtime.enter();
        let parts = (tokio::net::TcpListener::from_std(listener)?, application(shared, &tasks)?);
        drop(inside);
        Ok((runtime, parts))
    });
    match prepared {
        Ok((runtime, (listener, application))) => {
            let _ = ready.send(Ok(())); // nobody listens only if another worker failed to start
            let drained = runtime.block_on(serve(listener, application, shared, tasks));
            runtime.shutdown_background(); // a name lookup on its blocking thread must not hold us up
            telemetry::flush(); // the process may end before the thread does
            let _ = ended.send(drained); // nobody waits only if the process ends anyway
        }
        Err(error) => {
            telemetry::flush();
            let _ = ready.send(Err(error));
        }
    }
}

fn runtime() -> Result<Runtime, StartError> {
    Ok(Builder::new_current_thread().enable_all().on_thread_park(telemetry::flush).build()?)
}

fn application<F, G, E>(shared: &Shared<F>, tasks: &TaskTracker) -> Result<Application<G>, StartError>
where
    F: Fn() -> Result<G, E>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    Ok(Application {
        gateway: (shared.build)().map_err(|error| StartError::Gateway(error.into()))?,
        limits: shared.limits.clone(),
        passthrough: Passthrough::new(&shared.passthrough, tasks.clone())?,
    })
}

/// Serves until told to stop, then until nothing is under way or the deadline.
async fn serve<F, G: Handler>(
    listener: tokio::net::TcpListener,
    application: Application<G>,
    shared: &Shared<F>,
    tasks: TaskTracker,
) -> Drained {
    let limits = ConnectionLimits::from(&shared.settings);
    let patience = shared.settings.content_timeout_ms.millis();
    let stop = shared.lifecycle.stopped();
    let stack = application.stack();
    accept(listener, &shared.places, stop, |Accepted { mut stream, peer, place }| {
        let (stack, stop, peer) = (stack.clone(), stop.clone(), Peer::new(peer));
        let answer = move |request: Request<EdgeBody<Incoming>>| {
            stack.clone().call(Received::new(request, peer.clone())) // no layer is ever not ready
        };
        tasks.spawn(async move {
            let ended = match fast_path::serve(&mut stream, &answer, limits.header_timeout, &stop).await {
                Ok(Ended::Over) => Ok(()),
                Ok(Ended::Unsupported(read)) => {
                    let kept = place.clone();
                    let service = service_fn(move |request: Request<Incoming>| {
                        let mut request = request.map(|content| EdgeBody::streamed(content, patience));
                        if request.headers().contains_key(UPGRADE) {
                            request.extensions_mut().insert(kept.clone());
                        }
                        answer(request)
                    });
                    // Boxed, so that no other connection has the room for it.
                    Box::pin(hyper_connection::serve(read, stream, service, limits, &stop)).await
                }
                Err(error) => Err(error),
            };
            drop(place);
            if let Err(error) = ended {
                tracing::debug!(error = &error as &dyn Error, "connection ended early");
            }
        });
    })
    .await;
    tasks.close();
    let deadline = shared.settings.drain_timeout_ms.millis();
    let cut = timeout(deadline, tasks.wait()).await.map_or_else(|_| tasks.len(), |()| 0);
    if cut > 0 {
        tracing::warn!(connections = cut, "cut what had not ended at the drain's deadline");
    }
    Drained { cut }
}
