//! One worker thread: builds its application, serves connections, drains.

use std::error::Error;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::gateway::handler::{Handler, Peer};
use crate::server::accept::{AcceptedConnection, accept, reject};
use crate::server::application::Application;
use crate::server::body::{RequestBody, ResponseBody};
use crate::server::caller_stream::CallerStream;
use crate::server::connection_admission::{ActiveRequest, AddressCounts, ConnectionAdmission};
use crate::server::fast_path::{self, HandOver};
use crate::server::hyper_connection::{self, ConnectionLimits};
use crate::server::hyper_request;
use crate::server::lifecycle::Lifecycle;
use crate::server::limits::RequestLimits;
use crate::server::listen::{BoundSocket, Listener};
use crate::server::passthrough::Passthrough;
use crate::server::passthrough::target_settings::PassthroughSettings;
use crate::server::proxy_protocol::read_header;
use crate::server::server_settings::ServerSettings;
use crate::server::trusted_proxies::TrustedProxies;
use crate::telemetry;
use crate::upstream::tls::TlsError;

/// The state that all worker threads share.
pub(super) struct WorkerThread<F> {
    pub(super) settings: ServerSettings,
    pub(super) passthrough: PassthroughSettings,
    pub(super) lifecycle: Lifecycle,
    pub(super) limits: RequestLimits,
    pub(super) connection_permits: Arc<Semaphore>,
    pub(super) address_counts: Arc<AddressCounts>,
    pub(super) build_gateway: F,
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Drained {
    /// The connections that were still open at the deadline and were closed.
    pub cut: usize,
}

/// Why a worker could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The system provided no thread, runtime or socket.
    #[error("cannot start a worker thread")]
    System(#[from] io::Error),
    /// The client of a passthrough target cannot be built.
    #[error("cannot set up a passthrough target")]
    Passthrough(#[from] TlsError),
    /// The gateway cannot be built.
    #[error("cannot build the gateway")]
    Gateway(#[source] Box<dyn Error + Send + Sync>),
    /// A worker panicked while it started. The panic hook reported it.
    #[error("a worker panicked while it started")]
    Panicked,
}

// ===== impl WorkerThread =====

impl<F, G, E> WorkerThread<F>
where
    F: Fn() -> Result<G, E>,
    G: Handler,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    /// Runs a worker on the current thread until it has drained.
    pub(super) fn run(
        &self,
        sockets: Vec<BoundSocket>,
        ready: &mpsc::Sender<Result<(), StartError>>,
        drained: oneshot::Sender<Drained>,
    ) {
        telemetry::buffer_on_this_thread();
        let _stop_all = self.lifecycle.stopped().clone().drop_guard();
        let tasks = TaskTracker::new();
        let prepared = runtime().and_then(|runtime| {
            let inside = runtime.enter();
            let listeners = sockets.into_iter().map(BoundSocket::into_listener);
            let parts = (listeners.collect::<io::Result<Vec<_>>>()?, self.application(&tasks)?);
            drop(inside);
            Ok((runtime, parts))
        });
        match prepared {
            Ok((runtime, (listeners, application))) => {
                let _ = ready.send(Ok(())); // the receiver is gone only if another worker failed to start
                let outcome = runtime.block_on(self.serve(listeners, application, tasks));
                runtime.shutdown_background(); // does not wait for a name lookup on a blocking thread
                telemetry::flush(); // the process may end before the thread does
                let _ = drained.send(outcome); // the receiver is gone only if the process is exiting
            }
            Err(error) => {
                telemetry::flush();
                let _ = ready.send(Err(error));
            }
        }
    }

    fn application(&self, tasks: &TaskTracker) -> Result<Application<G>, StartError> {
        Ok(Application {
            gateway: (self.build_gateway)().map_err(|error| StartError::Gateway(error.into()))?,
            limits: self.limits.clone(),
            passthrough: Passthrough::new(&self.passthrough, tasks.clone())?,
            trusted_proxies: self.settings.trusted_proxies.clone(),
        })
    }

    /// Serves until the server stops, then until all connections have ended or the deadline has passed.
    async fn serve(&self, listeners: Vec<Listener>, application: Application<G>, tasks: TaskTracker) -> Drained {
        let limits = ConnectionLimits::from(&self.settings);
        let content_timeout = self.settings.content_timeout_ms.millis();
        let stop = self.lifecycle.stopped();
        let application = Arc::new(application);
        let admission = ConnectionAdmission::new(self.connection_permits.clone());
        let serve = |AcceptedConnection { mut stream, peer, permit, has_proxy_header }| {
            let (application, activity, addresses) =
                (application.clone(), permit.activity(), self.address_counts.clone());
            tasks.spawn(async move {
                let peer = peer.map_or_else(Peer::unknown, Peer::new);
                let mut peer = TrustedProxies::classify(application.trusted_proxies.as_ref(), peer);
                if has_proxy_header {
                    // Boxed to keep it out of every connection's task.
                    let sent =
                        Box::pin(sent_peer(&mut stream, peer, &application, limits.header_timeout, permit.close()));
                    let Some(sent) = sent.await else { return };
                    peer = sent;
                }
                if permit.count(&addresses, &peer).is_err() {
                    return reject(stream, "max_connections_per_address reached");
                }
                let respond = move |request: Request<RequestBody>| {
                    let (request, active) = (application.respond(request, &peer), activity.begin());
                    respond_while_active(request, active)
                };
                let ended = match fast_path::serve(&mut stream, &respond, limits.header_timeout, permit.close()).await {
                    Ok(None) => Ok(()),
                    Ok(Some(HandOver { unread })) => {
                        let held = permit.clone();
                        let respond = move |request: Request<Incoming>| {
                            // Boxed, because hyper reserves room for the future on every idle connection.
                            Box::pin(hyper_request::respond(request, held.clone(), content_timeout, respond.clone()))
                        };
                        // Boxed to keep hyper's state out of every connection's task.
                        Box::pin(hyper_connection::serve(unread, stream, respond, limits, &permit)).await
                    }
                    Err(error) => Err(error),
                };
                drop(permit);
                if let Err(error) = ended {
                    tracing::debug!(error = &error as &dyn Error, "connection ended early");
                }
            });
        };
        let accept = |listener| Box::pin(accept(listener, &admission, stop, &serve));
        let mut accepting: Vec<_> = listeners.into_iter().map(accept).collect();
        poll_fn(|context| {
            accepting.retain_mut(|accepting| accepting.as_mut().poll(context).is_pending());
            if accepting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        tasks.close();
        let deadline = self.settings.drain_timeout_ms.millis();
        let cut = timeout(deadline, tasks.wait()).await.map_or_else(|_| tasks.len(), |()| 0);
        if cut > 0 {
            tracing::warn!(connections = cut, "drain timeout exceeded, closing connections");
        }
        Drained { cut }
    }
}

/// The peer that the PROXY protocol header of a connection names. `None` if the connection is to be closed.
async fn sent_peer<G>(
    stream: &mut CallerStream,
    sender: Peer,
    application: &Application<G>,
    header_timeout: Duration,
    close: &CancellationToken,
) -> Option<Peer> {
    if !sender.is_trusted {
        tracing::debug!(
            peer = &*sender.text,
            "connection closed, the PROXY protocol is accepted only from trusted proxies"
        );
        return None;
    }
    let read = tokio::select! {
        biased;
        () = close.cancelled() => return None,
        read = read_header(stream, header_timeout) => read,
    };
    match read {
        Ok(Some(source)) => Some(TrustedProxies::classify(application.trusted_proxies.as_ref(), Peer::new(source))),
        Ok(None) => Some(sender),
        Err(error) => {
            tracing::debug!(error = &error as &dyn Error, peer = &*sender.text, "connection closed");
            None
        }
    }
}

/// The connection is active until the response begins, and if it is streamed, until the next request.
fn respond_while_active(
    mut response: impl Future<Output = Response<ResponseBody>> + Send + Unpin,
    active: ActiveRequest,
) -> impl Future<Output = Response<ResponseBody>> + Send {
    poll_fn(move |context| {
        let polled = Pin::new(&mut response).poll(context);
        if let Poll::Ready(response) = &polled
            && (matches!(response.body(), ResponseBody::Streamed(_)) || response.status().is_informational())
        {
            active.is_streamed();
        }
        polled
    })
}

fn runtime() -> Result<Runtime, StartError> {
    Ok(Builder::new_current_thread().enable_all().on_thread_park(telemetry::flush).build()?)
}
