//! The server: one worker thread per core, each with its own runtime, listeners and application.
//!
//! The workers share addresses, counters and the lifecycle, so a request never changes threads. If a worker
//! panics, all workers drain: a restart is better than a server at half capacity.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::{Arc, mpsc};
use std::thread;

use tokio::sync::{Semaphore, oneshot};

use crate::gateway::handler::Handler;
use crate::server::connection_admission::AddressCounts;
use crate::server::lifecycle::Lifecycle;
use crate::server::limits::RequestLimits;
use crate::server::listen::inherited::InheritedSockets;
use crate::server::listen::unix_socket::SocketFile;
use crate::server::listen::{BoundAddress, BoundSocket};
use crate::server::listen_address::ListenAddress;
use crate::server::passthrough::target_settings::PassthroughSettings;
use crate::server::server_settings::ServerSettings;
use crate::server::worker_thread::WorkerThread;
pub use crate::server::worker_thread::{Drained, StartError};

/// A server that is bound to its addresses but does not accept connections yet.
#[derive(Debug)]
pub struct Server {
    settings: ServerSettings,
    workers: usize,
    addresses: Vec<BoundAddress>,
}

/// A server whose workers all accept connections.
#[derive(Debug)]
#[must_use = "it reports how the server ended"]
pub struct RunningServer {
    workers: Vec<oneshot::Receiver<Drained>>,
    /// The files of Unix sockets, which are removed at the end.
    _files: Vec<SocketFile>,
}

/// An address cannot be bound.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct BindError {
    address: ListenAddress,
    source: io::Error,
}

/// A worker panicked. The panic hook reported it, and the other workers have drained.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a worker panicked")]
pub struct WorkerPanicked;

// ===== impl Server =====

impl Server {
    /// Binds the addresses for every worker.
    ///
    /// # Errors
    ///
    /// [`BindError`] if an address is in use, even by a process that would share it, or not local.
    pub fn bind(settings: &ServerSettings) -> Result<Self, BindError> {
        Self::bind_or_inherit(settings, InheritedSockets::default())
    }

    /// Like [`bind`](Self::bind), but listens on sockets that another process opened where there are some.
    ///
    /// # Errors
    ///
    /// [`BindError`], also if systemd passed no socket with a name of the config.
    pub fn bind_or_inherit(settings: &ServerSettings, mut inherited: InheritedSockets) -> Result<Self, BindError> {
        let cores = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let workers = settings.workers.map_or_else(cores, |workers| workers.count());
        let mut addresses = Vec::new();
        for listen in settings.listen.iter() {
            let bind_error = |source| BindError { address: listen.clone(), source };
            addresses.push(BoundAddress::bind(Arc::new(listen.clone()), &mut inherited, workers).map_err(bind_error)?);
        }
        for address in inherited.unused() {
            tracing::warn!(%address, "inherited socket is not in `server.listen` and was closed");
        }
        Ok(Self { settings: settings.clone(), workers, addresses })
    }

    /// The first TCP address it is bound to; port 0 if it listens on Unix sockets only.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        let unspecified = (Ipv4Addr::UNSPECIFIED, 0).into();
        self.addresses.iter().find_map(|address| address.tcp).unwrap_or(unspecified)
    }

    /// All addresses it is bound to, as text: `127.0.0.1:8080`, `unix:/run/passbridge/http.sock`.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.addresses.iter().flat_map(|address| &address.text).map(String::as_str)
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
        let (listeners, files) = distribute(self.addresses, self.workers);
        for (number, listeners) in listeners.into_iter().enumerate() {
            let (sender, drained) = oneshot::channel();
            let (worker, ready) = (worker.clone(), ready.clone());
            thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || worker.run(listeners, &ready, sender))?;
            workers.push(drained);
        }
        drop(ready); // so that `recv` fails if a worker panics
        for _ in &workers {
            started.recv().unwrap_or(Err(StartError::Panicked))?;
        }
        stop_on_error.disarm();
        lifecycle.begin_serving();
        Ok(RunningServer { workers, _files: files })
    }
}

/// The sockets of each worker, and the files of all.
fn distribute(addresses: Vec<BoundAddress>, workers: usize) -> (Vec<Vec<BoundSocket>>, Vec<SocketFile>) {
    let mut by_worker: Vec<_> = (0..workers).map(|_| Vec::new()).collect();
    let mut files = Vec::new();
    for BoundAddress { listen, sockets, file, .. } in addresses {
        files.extend(file);
        for (index, socket) in sockets.into_iter().enumerate() {
            by_worker[index % workers].push(BoundSocket { listen: listen.clone(), socket });
        }
    }
    (by_worker, files)
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
