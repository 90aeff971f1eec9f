//! The server: one worker thread per core, each with its own runtime, listener and application.
//!
//! The workers share a port, counters and the lifecycle, so a request never changes threads. If a worker
//! panics, all workers drain: a restart is better than a server at half capacity.

use std::error::Error;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::{Arc, mpsc};
use std::thread;

use tokio::sync::{Semaphore, oneshot};

use crate::gateway::handler::Handler;
use crate::server::connection_admission::AddressCounts;
use crate::server::lifecycle::Lifecycle;
use crate::server::limits::RequestLimits;
use crate::server::listen::bind;
use crate::server::passthrough::target_settings::PassthroughSettings;
use crate::server::server_settings::ServerSettings;
use crate::server::worker_thread::WorkerThread;
pub use crate::server::worker_thread::{Drained, StartError};

/// A server that is bound to its address but does not accept connections yet.
#[derive(Debug)]
pub struct Server {
    settings: ServerSettings,
    listeners: Vec<TcpListener>,
    address: SocketAddr,
}

/// A server whose workers all accept connections.
#[derive(Debug)]
#[must_use = "it reports how the server ended"]
pub struct RunningServer {
    workers: Vec<oneshot::Receiver<Drained>>,
}

/// The address cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct BindError {
    address: SocketAddr,
    source: io::Error,
}

/// A worker panicked. The panic hook reported it, and the other workers have drained.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a worker panicked")]
pub struct WorkerPanicked;

// ===== impl Server =====

impl Server {
    /// Binds the address for every worker.
    ///
    /// # Errors
    ///
    /// [`BindError`] if the address is in use, even by a process that would share it, or not local.
    pub fn bind(settings: &ServerSettings) -> Result<Self, BindError> {
        let cores = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let count = settings.workers.map_or_else(cores, |workers| workers.count());
        let bind_error = |source| BindError { address: settings.listen, source };
        let listeners = bind(settings.listen, count).map_err(bind_error)?;
        let address = listeners[0].local_addr().map_err(bind_error)?;
        Ok(Self { settings: settings.clone(), listeners, address })
    }

    /// The bound address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts the workers, and blocks until each has built its gateway with `build_gateway` and accepts
    /// connections. `lifecycle` is then serving until it is stopped.
    ///
    /// # Errors
    ///
    /// The first worker's [`StartError`]; the other workers are stopped.
    pub fn start<F, G, E>(
        self,
        passthrough: &PassthroughSettings,
        lifecycle: &Lifecycle,
        build_gateway: F,
    ) -> Result<RunningServer, StartError>
    where
        F: Fn() -> Result<G, E> + Send + Sync + 'static,
        G: Handler,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let worker = Arc::new(WorkerThread {
            passthrough: passthrough.clone(),
            lifecycle: lifecycle.clone(),
            limits: RequestLimits::new(&self.settings),
            connection_permits: Arc::new(Semaphore::new(self.settings.max_connections.count())),
            address_counts: AddressCounts::new(self.settings.max_connections_per_address.count()),
            settings: self.settings,
            build_gateway,
        });
        let stop_on_error = lifecycle.stopped().clone().drop_guard();
        let (ready, started) = mpsc::channel();
        let mut workers = Vec::new();
        for (number, listener) in self.listeners.into_iter().enumerate() {
            let (sender, drained) = oneshot::channel();
            let (worker, ready) = (worker.clone(), ready.clone());
            thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || worker.run(listener, &ready, sender))?;
            workers.push(drained);
        }
        drop(ready); // so that `recv` fails if a worker panics
        for _ in &workers {
            started.recv().unwrap_or(Err(StartError::Panicked))?;
        }
        stop_on_error.disarm();
        lifecycle.begin_serving();
        Ok(RunningServer { workers })
    }
}

// ===== impl RunningServer =====

impl RunningServer {
    /// Waits until every worker has drained. Works on any runtime.
    ///
    /// # Errors
    ///
    /// [`WorkerPanicked`] if a worker panicked.
    pub async fn drained(self) -> Result<Drained, WorkerPanicked> {
        let mut total = Ok(Drained::default());
        for worker in self.workers {
            match (worker.await, &mut total) {
                (Ok(drained), Ok(total)) => total.cut += drained.cut,
                (Ok(_), Err(_)) => {}
                (Err(_), _) => total = Err(WorkerPanicked),
            }
        }
        total
    }
}
