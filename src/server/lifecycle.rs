//! The life of the process: starting, serving, draining. One value, shared by everything that asks.
//!
//! There is no way back: once told to stop, it stays so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

/// Where the process is in its life. Clones are the same life.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    serving: Arc<AtomicBool>,
    stop: CancellationToken,
}

/// A part of the life.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// Not every worker accepts connections yet.
    Starting,
    /// Requests are served.
    Serving,
    /// What is under way is finished; nothing new is taken.
    Draining,
}

// ===== impl Lifecycle =====

impl Lifecycle {
    /// A life that is just starting.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins the drain. Calling it again changes nothing.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Cancelled when the drain begins; cancelling it begins the drain.
    #[must_use]
    pub fn stopped(&self) -> &CancellationToken {
        &self.stop
    }

    /// Where the process is now.
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
