//! The threads that use the directory, behind a bounded queue.
//!
//! SQLite and RSA signatures block, and a runtime's thread serves many others, so neither runs there.
//! A full queue is answered at once with `overloaded`; work whose asker went away before its turn is
//! not begun; work that panics ends as `internal`, and its thread lives on.

use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use crate::model::fault::{Fault, Refusal};
use crate::relying_party::directory::Store;

/// How much work may wait. At a millisecond each, the last one waits a quarter of a second at most.
const QUEUE: usize = 256;

/// More would wait for each other: SQLite has one writer.
const MAX_THREADS: usize = 4;

struct Job<S>(Box<dyn FnOnce(&mut S) + Send>);

/// The threads. Dropping this waits for the work in hand, so that the file is closed in order.
pub(crate) struct Workers<S = Store> {
    queue: Option<SyncSender<Job<S>>>,
    threads: Vec<JoinHandle<()>>,
}

impl<S: Send + 'static> Workers<S> {
    /// How many connections [`Self::start`] should be given.
    pub(crate) fn wanted() -> usize {
        thread::available_parallelism().map_or(1, NonZeroUsize::get).clamp(2, MAX_THREADS)
    }

    /// One thread for each connection.
    pub(crate) fn start(stores: Vec<S>) -> io::Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        let threads = stores.into_iter().map(|store| {
            let jobs = Arc::clone(&jobs);
            thread::Builder::new().name("directory".to_owned()).spawn(move || work_off(store, &jobs))
        });
        Ok(Self { queue: Some(queue), threads: threads.collect::<io::Result<_>>()? })
    }

    /// The same pool, but dropping it does not wait for its threads, which end on their own.
    pub(crate) fn detached(mut self) -> Self {
        self.threads.clear();
        self
    }

    /// Does the work on one of the threads.
    ///
    /// # Errors
    /// What the work answers; `overloaded` when too much waits already.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut S) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let (answer, answered) = oneshot::channel();
        let job = Job(Box::new(move |store| {
            if !answer.is_closed() {
                // Whoever asked may have gone meanwhile; what was done stays done.
                let _ = answer.send(work(store));
            }
        }));
        let queue = self.queue.as_ref().expect("the queue is there until this is dropped");
        queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => {
                Refusal::new(Fault::Overloaded, "the directory's queue is full").retry_after(Some(1))
            }
            TrySendError::Disconnected(_) => Refusal::new(Fault::Internal, "the directory's threads are gone"),
        })?;
        answered.await.unwrap_or_else(|_| Err(Refusal::new(Fault::Internal, "the directory's thread panicked")))
    }
}

impl<S> Drop for Workers<S> {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            // A thread catches what its work throws; there is nothing left to report here.
            let _ = thread.join();
        }
    }
}

impl<S> std::fmt::Debug for Workers<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workers").field("threads", &self.threads.len()).finish_non_exhaustive()
    }
}

fn work_off<S>(mut store: S, jobs: &Mutex<Receiver<Job<S>>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job(work)) = next else { return };
        // A transaction that a panic cut off was rolled back on the way: the connection is as before.
        let _ = catch_unwind(AssertUnwindSafe(|| work(&mut store)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::relying_party::directory::tests::temporary;
    use crate::relying_party::error::StoreError;

    fn one_worker() -> (tempfile::TempDir, Workers) {
        let (place, store) = temporary();
        (place, Workers::start(vec![store]).unwrap())
    }

    #[tokio::test]
    async fn what_does_not_fit_is_refused_at_once_and_the_rest_is_done() {
        let (_place, workers) = one_worker();
        let (begun, has_begun) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let workers = Arc::new(workers);
        let busy = Arc::clone(&workers);
        let first = tokio::spawn(async move {
            busy.run(move |_| {
                begun.send(()).unwrap();
                may_go_on.recv().unwrap();
                Ok(())
            })
            .await
        });
        tokio::task::spawn_blocking(move || has_begun.recv().unwrap()).await.unwrap();
        let mut waiting: Vec<_> = (0..QUEUE).map(|number| Box::pin(workers.run(move |_| Ok(number)))).collect();
        for work in &mut waiting {
            assert!(poll_once(work.as_mut()).await.is_none());
        }
        let refused = workers.run(|_| Ok(())).await.unwrap_err();
        assert_eq!((refused.fault, refused.retry_after), (Fault::Overloaded, Some(1)));
        go_on.send(()).unwrap();
        first.await.unwrap().unwrap();
        for (number, work) in waiting.into_iter().enumerate() {
            assert_eq!(work.await.unwrap(), number);
        }
    }

    #[tokio::test]
    async fn a_panic_is_one_failure_and_leaves_no_transaction_behind() {
        let (_place, workers) = one_worker();
        let panicked = workers.run(|store| -> Result<(), Refusal> {
            let transaction = store.write()?;
            transaction.execute("DELETE FROM signing_keys", []).unwrap();
            panic!("on purpose");
        });
        assert_eq!(panicked.await.unwrap_err().fault, Fault::Internal);
        let free = workers.run(|store| store.write()?.commit().map_err(|error| StoreError::from(error).into()));
        free.await.unwrap();
    }

    #[tokio::test]
    async fn work_nobody_waits_for_is_not_begun() {
        let (_place, workers) = one_worker();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let (done, was_done) = mpsc::channel();
        let mut first = Box::pin(workers.run(move |_| {
            may_go_on.recv().unwrap();
            Ok(())
        }));
        assert!(poll_once(first.as_mut()).await.is_none());
        let mut second = Box::pin(workers.run(move |_| {
            done.send(()).unwrap();
            Ok(())
        }));
        assert!(poll_once(second.as_mut()).await.is_none());
        drop(second);
        go_on.send(()).unwrap();
        first.await.unwrap();
        workers.run(|_| Ok(())).await.unwrap();
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
