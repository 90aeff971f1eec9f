//! Who may call an upstream now: the breaker and the cap on calls under way, shared by all workers.
//!
//! A call beyond the cap waits until its own deadline, and beyond a small number of waiting calls it
//! is refused at once: a slow upstream must not fill our memory with requests nobody waits for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use crate::upstream::breaker::{Breaker, BreakerPermit, BreakerState};
use crate::upstream::failure::CallFailure;
use crate::upstream::settings::HttpSettings;

/// The door to one upstream. Make one per upstream and give it to every worker's client.
#[derive(Debug)]
pub struct Admission {
    breaker: Breaker,
    free: Semaphore,
    max_in_flight: usize,
    waiting: AtomicUsize,
    max_waiting: usize,
}

/// The right to call. The place is held until this is dropped, which is after the content was read.
#[derive(Debug)]
pub(super) struct Admitted<'a> {
    pub(super) ticket: BreakerPermit<'a>,
    pub(super) _place: SemaphorePermit<'a>,
}

// ===== impl Admission =====

impl Admission {
    /// The door to the upstream `name` (for logs) as `settings` have it.
    #[must_use]
    pub fn new(name: &str, settings: &HttpSettings) -> Arc<Self> {
        let threshold = settings.breaker_failures.get();
        Arc::new(Self {
            breaker: Breaker::new(name, threshold, settings.breaker_cooldown_ms.millis()),
            free: Semaphore::new(settings.max_in_flight.count()),
            max_in_flight: settings.max_in_flight.count(),
            waiting: AtomicUsize::new(0),
            max_waiting: settings.max_waiting.count(),
        })
    }

    /// Where the circuit breaker stands.
    #[must_use]
    pub fn breaker(&self) -> BreakerState {
        self.breaker.state()
    }

    /// How many calls are under way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.max_in_flight.saturating_sub(self.free.available_permits())
    }

    /// Lets a call in, at the latest at `deadline`.
    pub(super) async fn enter(&self, deadline: Instant) -> Result<Admitted<'_>, CallFailure> {
        let place = match self.free.try_acquire() {
            Ok(place) => place,
            Err(_) => self.wait(deadline).await?,
        };
        // Asked last: a call that waited in line while the breaker opened must not go out.
        match self.breaker.admit() {
            Ok(ticket) => Ok(Admitted { ticket, _place: place }),
            Err(retry_after) => Err(CallFailure::BreakerOpen { retry_after }),
        }
    }

    async fn wait(&self, deadline: Instant) -> Result<SemaphorePermit<'_>, CallFailure> {
        let _in_line = QueueSlot::join(&self.waiting, self.max_waiting)?;
        match timeout_at(deadline, self.free.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(CallFailure::Overloaded),
        }
    }
}

/// A place in the line, given back also by a call that is given up.
struct QueueSlot<'a>(&'a AtomicUsize);

impl<'a> QueueSlot<'a> {
    fn join(waiting: &'a AtomicUsize, max: usize) -> Result<Self, CallFailure> {
        let in_line = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) >= max {
            return Err(CallFailure::Overloaded); // dropping `in_line` takes the step back
        }
        Ok(in_line)
    }
}

impl Drop for QueueSlot<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::bounded::Bounded;

    fn one_call_one_waiting() -> Arc<Admission> {
        let settings = HttpSettings {
            max_in_flight: Bounded::nearest(1),
            max_waiting: Bounded::nearest(1),
            breaker_failures: Bounded::nearest(1),
            ..HttpSettings::default()
        };
        Admission::new("test", &settings)
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(1)
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_call_waits_and_the_one_after_is_refused_at_once() {
        let door = one_call_one_waiting();
        let first = door.enter(soon()).await.unwrap();
        assert_eq!(door.in_flight(), 1);
        let second = tokio::spawn({
            let door = door.clone();
            async move { door.enter(soon()).await.map(drop) }
        });
        tokio::task::yield_now().await;
        let refused_at = Instant::now();
        assert!(matches!(door.enter(soon()).await, Err(CallFailure::Overloaded)));
        assert_eq!(Instant::now(), refused_at);
        drop(first);
        assert!(second.await.unwrap().is_ok());
        assert_eq!(door.in_flight(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_waits_no_longer_than_its_deadline() {
        let door = one_call_one_waiting();
        let _first = door.enter(soon()).await.unwrap();
        assert!(matches!(door.enter(soon()).await, Err(CallFailure::Overloaded)));
        assert_eq!(door.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_waited_while_the_breaker_opened_does_not_go_out() {
        let door = one_call_one_waiting();
        let first = door.enter(soon()).await.unwrap();
        let second = tokio::spawn({
            let door = door.clone();
            async move { door.enter(soon()).await.map(drop) }
        });
        tokio::task::yield_now().await;
        first.ticket.failed();
        drop(first._place);
        let refused = second.await.unwrap().unwrap_err();
        assert!(matches!(refused, CallFailure::BreakerOpen { .. }));
        assert_eq!(door.breaker(), BreakerState::Open);
    }
}
