//! The lifecycle of the process: starting, serving, draining. A stop cannot be undone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

/// The lifecycle of the process. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    serving: Arc<AtomicBool>,
    stop: CancellationToken,
}

/// A phase of the lifecycle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// Not every worker accepts connections yet.
    Starting,
    /// Requests are served.
    Serving,
    /// Current requests are finished, and no new ones are accepted.
    Draining,
}

// ===== impl Lifecycle =====

impl Lifecycle {
    /// The lifecycle of a process that is starting.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins the drain. Further calls have no effect.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Cancelled when the drain begins; cancelling it begins the drain.
    #[must_use]
    pub fn stopped(&self) -> &CancellationToken {
        &self.stop
    }

    /// The current phase.
    #[must_use]
    pub fn phase(&self) -> Phase {
        if self.stop.is_cancelled() {
            Phase::Draining
        } else if self.serving.load(Ordering::Acquire) {
            Phase::Serving
        } else {
            Phase::Starting
        }
    }

    pub(super) fn begin_serving(&self) {
        self.serving.store(true, Ordering::Release);
    }
}
