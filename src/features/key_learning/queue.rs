//! The thread that notes observations, behind a bounded queue.
//!
//! It has a connection of its own and stands behind nobody who signs in. A full queue drops what comes, and the
//! count of that is written when there is time again; so is what the directory would not take.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use tokio::sync::{Mutex, oneshot};

use crate::features::key_learning::observation::judge;
use crate::features::key_learning::{Observation, Purpose};
use crate::relying_party::Shared;
use crate::relying_party::clock::now;
use crate::relying_party::directory::Store;
use crate::relying_party::directory::days::{Aside, DAY, Day};

/// How many observations may wait: some megabytes at the very most.
pub(super) const QUEUE: usize = 1024;

enum Job {
    Note(Box<Observation>, Purpose),
    /// Says when everything before it is done.
    Settle(oneshot::Sender<()>),
}

/// The thread. Dropping this waits until it has noted what waits.
pub(crate) struct Learner {
    queue: Option<SyncSender<Job>>,
    dropped: Arc<AtomicU64>,
    /// Whose turn it is to read everything.
    pub(super) reading: Mutex<()>,
    thread: Option<JoinHandle<()>>,
}

impl Learner {
    pub(crate) fn start(store: Store, shared: Arc<Shared>) -> io::Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE);
        let dropped = Arc::new(AtomicU64::new(0));
        let lost = Arc::clone(&dropped);
        let thread = thread::Builder::new().name("learning".to_owned());
        let thread = thread.spawn(move || work_off(store, &shared, &jobs, &lost))?;
        Ok(Self { queue: Some(queue), dropped, reading: Mutex::new(()), thread: Some(thread) })
    }

    /// Hands an observation over, or drops it where there is no room.
    pub(super) fn note(&self, observation: Observation, purpose: Purpose) -> bool {
        let taken = self.queue().try_send(Job::Note(Box::new(observation), purpose)).is_ok();
        if !taken {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }

    /// Waits until what was handed over before is noted; not where the queue is full.
    pub(super) async fn settled(&self) {
        let (say, said) = oneshot::channel();
        if self.queue().try_send(Job::Settle(say)).is_ok() {
            // A thread that is gone has nothing left to note.
            let _ = said.await;
        }
    }

    fn queue(&self) -> &SyncSender<Job> {
        self.queue.as_ref().expect("the queue is there until this is dropped")
    }
}

impl Drop for Learner {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // The thread catches what its work throws; there is nothing left to report here.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Learner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Learner").finish_non_exhaustive()
    }
}

fn work_off(mut store: Store, shared: &Shared, jobs: &Receiver<Job>, dropped: &AtomicU64) {
    while let Ok(job) = jobs.recv() {
        match job {
            Job::Note(observation, purpose) => {
                // A transaction that a panic cut off was rolled back on the way.
                let judged =
                    catch_unwind(AssertUnwindSafe(|| judge(&mut store, &shared.party, &observation, purpose, now())));
                match judged {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => {
                        dropped.fetch_add(1, Ordering::Relaxed);
                        tracing::warn!(error = &error as &dyn std::error::Error, "an observed sign-in was not noted");
                    }
                    Err(_) => drop(dropped.fetch_add(1, Ordering::Relaxed)),
                }
                tell_dropped(&store, dropped);
            }
            Job::Settle(say) => {
                tell_dropped(&store, dropped);
                // Whoever asked may have gone meanwhile.
                let _ = say.send(());
            }
        }
    }
    tell_dropped(&store, dropped);
}

fn tell_dropped(store: &Store, dropped: &AtomicU64) {
    let count = dropped.swap(0, Ordering::Relaxed);
    if count > 0 && Day::aside(store.connection(), now().div_euclid(DAY), Aside::Dropped, count).is_err() {
        dropped.fetch_add(count, Ordering::Relaxed);
    }
}
