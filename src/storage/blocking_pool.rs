//! A pool of threads for blocking work, each with its own connection, behind a bounded queue.
//!
//! SQLite and RSA signatures block, so they must not run on the async runtime's threads. A full queue refuses work
//! immediately with `overloaded`. Work is skipped if its caller was cancelled. A panic answers `internal`, and the
//! thread continues.

use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use crate::model::fault::{Fault, Refusal};

/// At a millisecond each, the last job waits a quarter of a second.
const MAX_QUEUED: usize = 256;

/// SQLite has one writer: more threads would wait for each other.
const MAX_THREADS: usize = 4;

struct Job<S>(Box<dyn FnOnce(&mut S) + Send>);

/// The threads. Dropping it waits for the work in progress, so that the files are closed properly.
pub(crate) struct BlockingPool<S> {
    queue: Option<SyncSender<Job<S>>>,
    threads: Vec<JoinHandle<()>>,
}

impl<S: Send + 'static> BlockingPool<S> {
    /// How many connections to pass to [`Self::start`].
    pub(crate) fn default_size() -> usize {
        thread::available_parallelism().map_or(1, NonZeroUsize::get).clamp(2, MAX_THREADS)
    }

    /// Starts one thread for each connection.
    pub(crate) fn start(stores: Vec<S>) -> io::Result<Self> {
        let (queue, jobs) = sync_channel(MAX_QUEUED);
        let jobs = Arc::new(Mutex::new(jobs));
        let threads = stores.into_iter().map(|store| {
            let jobs = Arc::clone(&jobs);
            thread::Builder::new().name("database".to_owned()).spawn(move || run_jobs(store, &jobs))
        });
        Ok(Self { queue: Some(queue), threads: threads.collect::<io::Result<_>>()? })
    }

    /// The same pool, but dropping it does not wait for its threads, which end on their own.
    pub(crate) fn detached(mut self) -> Self {
        self.threads.clear();
        self
    }

    /// Runs the work on one of the threads.
    ///
    /// # Errors
    /// The work's own refusal, or `overloaded` when the queue is full.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut S) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let (sender, receiver) = oneshot::channel();
        let job = Job(Box::new(move |store| {
            if !sender.is_closed() {
                // The caller may have been cancelled; the work is not undone.
                let _ = sender.send(work(store));
            }
        }));
        let queue = self.queue.as_ref().expect("the queue exists until the pool is dropped");
        queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Refusal::new(Fault::Overloaded, "the database queue is full").retry_after(Some(1)),
            TrySendError::Disconnected(_) => Refusal::new(Fault::Internal, "the database threads are gone"),
        })?;
        receiver.await.unwrap_or_else(|_| Err(Refusal::new(Fault::Internal, "a database thread panicked")))
    }
}

impl<S> Drop for BlockingPool<S> {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            // A thread catches panics of its work: there is nothing to report.
            let _ = thread.join();
        }
    }
}

impl<S> std::fmt::Debug for BlockingPool<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlockingPool").field("threads", &self.threads.len()).finish_non_exhaustive()
    }
}

fn run_jobs<S>(mut store: S, jobs: &Mutex<Receiver<Job<S>>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job(work)) = next else { return };
        // Unwinding rolls back an open transaction, so the connection stays usable.
        let _ = catch_unwind(AssertUnwindSafe(|| work(&mut store)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use rusqlite::Connection;

    use super::*;
    use crate::storage::sqlite::tests::temporary;

    fn one_thread() -> (tempfile::TempDir, BlockingPool<Connection>) {
        let (folder, connection) = temporary();
        (folder, BlockingPool::start(vec![connection]).unwrap())
    }

    #[tokio::test]
    async fn full_queue_refuses_at_once_and_queued_work_is_done() {
        let (_folder, pool) = one_thread();
        let (begun, has_begun) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let pool = Arc::new(pool);
        let busy = Arc::clone(&pool);
        let first = tokio::spawn(async move {
            busy.run(move |_| {
                begun.send(()).unwrap();
                released.recv().unwrap();
                Ok(())
            })
            .await
        });
        tokio::task::spawn_blocking(move || has_begun.recv().unwrap()).await.unwrap();
        let mut waiting: Vec<_> = (0..MAX_QUEUED).map(|number| Box::pin(pool.run(move |_| Ok(number)))).collect();
        for work in &mut waiting {
            assert!(poll_once(work.as_mut()).await.is_none());
        }
        let refused = pool.run(|_| Ok(())).await.unwrap_err();
        assert_eq!((refused.fault, refused.retry_after), (Fault::Overloaded, Some(1)));
        release.send(()).unwrap();
        first.await.unwrap().unwrap();
        for (number, work) in waiting.into_iter().enumerate() {
            assert_eq!(work.await.unwrap(), number);
        }
    }

    #[tokio::test]
    async fn panic_fails_one_job_and_rolls_its_transaction_back() {
        let (_folder, pool) = one_thread();
        let panicked = pool.run(|store| -> Result<(), Refusal> {
            let transaction = store.transaction().unwrap();
            transaction.execute("INSERT INTO a VALUES (1)", []).unwrap();
            panic!("on purpose");
        });
        assert_eq!(panicked.await.unwrap_err().fault, Fault::Internal);
        let rows =
            pool.run(|store| Ok(store.query_row("SELECT count(*) FROM a", [], |row| row.get::<_, i64>(0)).unwrap()));
        assert_eq!(rows.await.unwrap(), 0);
    }

    #[tokio::test]
    async fn work_whose_caller_is_gone_is_skipped() {
        let (_folder, pool) = one_thread();
        let (release, released) = mpsc::channel::<()>();
        let (done, was_done) = mpsc::channel();
        let mut first = Box::pin(pool.run(move |_| {
            released.recv().unwrap();
            Ok(())
        }));
        assert!(poll_once(first.as_mut()).await.is_none());
        let mut second = Box::pin(pool.run(move |_| {
            done.send(()).unwrap();
            Ok(())
        }));
        assert!(poll_once(second.as_mut()).await.is_none());
        drop(second);
        release.send(()).unwrap();
        first.await.unwrap();
        pool.run(|_| Ok(())).await.unwrap();
        assert!(was_done.try_recv().is_err());
    }

    async fn poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(match future.as_mut().poll(context) {
                std::task::Poll::Ready(output) => Some(output),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }
}
