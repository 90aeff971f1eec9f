//! The workers: one thread each, with a runtime, a listener and an application of its own.
//!
//! They share a port, counters and the life of the process, nothing else, so a request never changes
//! threads. A worker that dies begins the drain of all: half a server is worse than a restart.

use std::error::Error;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::{Arc, mpsc};
use std::thread;

use tokio::sync::{Semaphore, oneshot};

use crate::gateway::handler::Handler;
use crate::server::lifecycle::Lifecycle;
use crate::server::limits::RequestLimits;
use crate::server::listen::bind;
use crate::server::passthrough::settings::PassthroughSettings;
use crate::server::settings::ServerSettings;
use crate::server::worker::{Shared, work};
use crate::upstream::client::InvalidClient;

/// A server whose port is bound, and that serves nobody yet.
#[derive(Debug)]
pub struct Server {
    settings: ServerSettings,
    listeners: Vec<TcpListener>,
    address: SocketAddr,
}

/// A server whose workers all accept connections.
#[derive(Debug)]
#[must_use = "the workers' end is told here"]
pub struct Running {
    ends: Vec<oneshot::Receiver<Drained>>,
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Drained {
    /// Connections that had not ended at the deadline and were cut.
    pub cut: usize,
}

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct BindError {
    address: SocketAddr,
    source: io::Error,
}

/// Why a worker could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The system gave us no thread, runtime or socket.
    #[error("the system refused a worker")]
    System(#[from] io::Error),
    /// A passthrough target's client cannot be made.
    #[error("a passthrough target cannot be used")]
    Passthrough(#[from] InvalidClient),
    /// The gateway could not be built.
    #[error("the gateway cannot be built")]
    Gateway(#[source] Box<dyn Error + Send + Sync>),
    /// A worker panicked while it started; the panic was reported.
    #[error("a worker died while it started")]
    Died,
}

/// A worker panicked while it served; the panic was reported, and the others have drained.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a worker died")]
pub struct WorkerDied;

// ===== impl Server =====

impl Server {
    /// Binds the address for every worker.
    ///
    /// # Errors
    ///
    /// [`BindError`] if it is in use, also by another server that would share it, or not ours.
    pub fn bind(settings: &ServerSettings) -> Result<Self, BindError> {
        let cores = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let count = settings.workers.map_or_else(cores, |workers| workers.count());
        let fails = |source| BindError { address: settings.listen, source };
        let listeners = bind(settings.listen, count).map_err(fails)?;
        let address = listeners[0].local_addr().map_err(fails)?;
        Ok(Self { settings: settings.clone(), listeners, address })
    }

    /// The address that is really bound.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts the workers, and blocks until each has built its gateway with `build` and accepts
    /// connections. `lifecycle` is then serving, until it is stopped.
    ///
    /// # Errors
    ///
    /// The first worker's [`StartError`]; the others are stopped.
    pub fn start<F, G, E>(
        self,
        passthrough: &PassthroughSettings,
        lifecycle: &Lifecycle,
        build: F,
    ) -> Result<Running, StartError>
    where
        F: Fn() -> Result<G, E> + Send + Sync + 'static,
        G: Handler,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let shared = Arc::new(Shared {
            passthrough: passthrough.clone(),
            lifecycle: lifecycle.clone(),
            limits: RequestLimits::new(&self.settings),
            places: Arc::new(Semaphore::new(self.settings.max_connections.count())),
            settings: self.settings,
            build,
        });
        let stop_on_error = lifecycle.stopped().clone().drop_guard();
        let (ready, started) = mpsc::channel();
        let mut ends = Vec::new();
        for (number, listener) in self.listeners.into_iter().enumerate() {
            let (ended, end) = oneshot::channel();
            let (shared, ready) = (shared.clone(), ready.clone());
            thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || work(listener, &shared, &ready, ended))?;
            ends.push(end);
        }
        drop(ready); // so that a worker's death ends the wait
        for _ in &ends {
            started.recv().unwrap_or(Err(StartError::Died))?;
        }
        stop_on_error.disarm();
        lifecycle.begin_serving();
        Ok(Running { ends })
    }
}

// ===== impl Running =====

impl Running {
    /// Waits for the end of every worker, which is after the drain. Needs no particular runtime.
    ///
    /// # Errors
    ///
    /// [`WorkerDied`] if one of them panicked.
    pub async fn drained(self) -> Result<Drained, WorkerDied> {
        let mut all = Ok(Drained::default());
        for end in self.ends {
            match (end.await, &mut all) {
                (Ok(drained), Ok(all)) => all.cut += drained.cut,
                (Ok(_), Err(_)) => {}
                (Err(_), _) => all = Err(WorkerDied),
            }
        }
        all
    }
}
