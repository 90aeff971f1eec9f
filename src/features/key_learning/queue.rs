//! The thread that records observations, behind a bounded queue.
//!
//! It has its own connection, so that sign-ins never wait for it. A full queue drops the observation. Dropped and
//! failed observations are counted in the directory.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use crate::features::key_learning::observation::{Observation, Purpose};
use crate::features::key_learning::record_observation::record;
use crate::relying_party::clock::now;
use crate::relying_party::config::RelyingPartyConfig;
use crate::relying_party::context::RelyingPartyContext;
use crate::relying_party::directory::Store;
use crate::relying_party::directory::days::{DAY, Day, DayCounter};

/// A few megabytes at most.
pub(super) const MAX_QUEUED: usize = 1024;

enum RecorderJob {
    Record(Box<Observation>, Purpose),
    /// Answers when every job before it is done.
    Flush(oneshot::Sender<()>),
}

/// The queue and its thread. Dropping it waits for the queued observations.
pub(super) struct ObservationQueue {
    sender: Option<SyncSender<RecorderJob>>,
    dropped: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl ObservationQueue {
    pub(super) fn start(store: Store, context: Arc<RelyingPartyContext>) -> io::Result<Self> {
        let (sender, jobs) = sync_channel(MAX_QUEUED);
        let dropped = Arc::new(AtomicU64::new(0));
        let recorder = Recorder { store, dropped: Arc::clone(&dropped) };
        let thread = thread::Builder::new().name("learning".to_owned());
        let thread = thread.spawn(move || recorder.run(&context.config, &jobs))?;
        Ok(Self { sender: Some(sender), dropped, thread: Some(thread) })
    }

    /// Queues an observation, or drops it when the queue is full.
    pub(super) fn push(&self, observation: Observation, purpose: Purpose) -> bool {
        let queued = self.sender().try_send(RecorderJob::Record(Box::new(observation), purpose)).is_ok();
        if !queued {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        queued
    }

    /// Waits until the observations queued before are recorded. Does not wait when the queue is full.
    pub(super) async fn settled(&self) {
        let (done, is_done) = oneshot::channel();
        if self.sender().try_send(RecorderJob::Flush(done)).is_ok() {
            // A thread that ended has nothing left to record.
            let _ = is_done.await;
        }
    }

    fn sender(&self) -> &SyncSender<RecorderJob> {
        self.sender.as_ref().expect("the sender exists until the queue is dropped")
    }
}

impl Drop for ObservationQueue {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            // The thread catches panics of its work: there is nothing to report.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for ObservationQueue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ObservationQueue").finish_non_exhaustive()
    }
}

struct Recorder {
    store: Store,
    dropped: Arc<AtomicU64>,
}

impl Recorder {
    fn run(mut self, config: &RelyingPartyConfig, jobs: &Receiver<RecorderJob>) {
        while let Ok(job) = jobs.recv() {
            match job {
                RecorderJob::Record(observation, purpose) => {
                    // Unwinding rolls back an open transaction.
                    let recorded = catch_unwind(AssertUnwindSafe(|| {
                        record(&mut self.store, config, &observation, purpose, now())
                    }));
                    if !matches!(recorded, Ok(Ok(()))) {
                        self.dropped.fetch_add(1, Ordering::Relaxed);
                    }
                    if let Ok(Err(error)) = recorded {
                        tracing::warn!(error = &error as &dyn std::error::Error, "observed sign-in not recorded");
                    }
                    self.count_dropped();
                }
                RecorderJob::Flush(done) => {
                    self.count_dropped();
                    // The caller may have been cancelled.
                    let _ = done.send(());
                }
            }
        }
        self.count_dropped();
    }

    fn count_dropped(&self) {
        let count = self.dropped.swap(0, Ordering::Relaxed);
        let day = now().div_euclid(DAY);
        if count > 0 && Day::count(self.store.connection(), day, DayCounter::Dropped, count).is_err() {
            self.dropped.fetch_add(count, Ordering::Relaxed);
        }
    }
}
