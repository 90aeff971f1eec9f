//! A PostgreSQL database that is queried for one user at a time, and never written.
//!
//! A few threads have a connection each, behind a bounded queue, so that every worker can query. A connection is
//! opened when it is needed and reopened after it broke. Every query has a deadline.

mod address;
mod connection;
mod session;
mod tls;

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use crate::ceremony::Subject;
use crate::identity::pooled_query::pooled_query;
pub(super) use crate::identity::postgres::address::{Address, InvalidAddress};
use crate::identity::postgres::connection::{Connection, Server};
pub(super) use crate::identity::postgres::session::{CheckedQuery, Failure};
use crate::storage::blocking_pool::BlockingPool;

/// The number of threads, which is also the maximum number of connections and of concurrent queries.
const THREADS: usize = 4;

/// The database, shared by all workers.
#[derive(Debug)]
pub(super) struct Postgres {
    pool: BlockingPool<DatabaseThread>,
    timeout: Duration,
}

/// The state of one thread: its connection and the runtime that drives it.
struct DatabaseThread {
    runtime: Runtime,
    connection: Connection,
}

impl Postgres {
    /// Checks these queries, if the database responds in time, and starts the threads. They end on their own after
    /// this is dropped.
    ///
    /// # Errors
    /// If no thread can be started.
    pub(super) fn start(
        address: Address,
        timeout: Duration,
        queries: &[Arc<CheckedQuery>],
    ) -> io::Result<(Self, Result<(), Failure>)> {
        let server = Arc::new(Server::new(address, timeout));
        let mut first = DatabaseThread::new(server.clone())?;
        // The caller's thread may already be running a runtime, in which another one cannot be entered.
        let checked = thread::scope(|scope| {
            let thread = thread::Builder::new().name("identity".to_owned());
            let check = thread.spawn_scoped(scope, || first.runtime.block_on(first.connection.check(queries)))?;
            let panicked = |_| Err(Failure::Unreachable("its thread panicked".to_owned()));
            Ok::<_, io::Error>(check.join().unwrap_or_else(panicked))
        })?;
        let others = (1..THREADS).map(|_| DatabaseThread::new(server.clone()));
        let threads = std::iter::once(Ok(first)).chain(others).collect::<io::Result<_>>()?;
        Ok((Self { pool: BlockingPool::start(threads)?.detached(), timeout }, checked))
    }

    /// Looks up a user.
    ///
    /// # Errors
    /// Why there is no result in time.
    pub(super) async fn find(&self, query: &Arc<CheckedQuery>, user: Subject) -> Result<Option<Subject>, String> {
        let (query, until) = (query.clone(), Instant::now() + self.timeout);
        pooled_query(&self.pool, self.timeout, move |DatabaseThread { runtime, connection }| {
            runtime.block_on(connection.find(&query, &user, until)).map_err(|failure| failure.to_string())
        })
        .await
    }
}

impl DatabaseThread {
    fn new(server: Arc<Server>) -> io::Result<Self> {
        Ok(Self { runtime: Builder::new_current_thread().enable_all().build()?, connection: Connection::new(server) })
    }
}
