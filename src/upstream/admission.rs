//! Admits calls to one upstream: the circuit breaker and the limit on concurrent calls, shared by all
//! workers.
//!
//! A call beyond the limit waits until its deadline. A call beyond the small number that may wait is
//! refused at once, so that a slow upstream does not fill the memory with waiting requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use crate::model::operation::Operation;
use crate::upstream::breaker::{Breaker, BreakerPermit, BreakerState};
use crate::upstream::failure::CallFailure;
use crate::upstream::http_settings::HttpSettings;

/// The admission of one upstream. Create one per upstream and share it between the clients of all workers.
#[derive(Debug)]
pub struct Admission {
    breaker: Breaker,
    slots: Semaphore,
    max_in_flight: usize,
    waiting: AtomicUsize,
    max_waiting: usize,
}

/// Permits one call. It counts as in flight until this is dropped, after its content has been read.
#[derive(Debug)]
pub(super) struct CallPermit<'a> {
    pub(super) breaker: BreakerPermit<'a>,
    pub(super) _slot: SemaphorePermit<'a>,
}

// ===== impl Admission =====

impl Admission {
    /// `name` appears in log lines.
    #[must_use]
    pub fn new(name: &str, settings: &HttpSettings) -> Arc<Self> {
        let threshold = settings.breaker_failures.get();
        Arc::new(Self {
            breaker: Breaker::new(name, threshold, settings.breaker_cooldown_ms.millis()),
            slots: Semaphore::new(settings.max_in_flight.count()),
            max_in_flight: settings.max_in_flight.count(),
            waiting: AtomicUsize::new(0),
            max_waiting: settings.max_waiting.count(),
        })
    }

    /// The state of the circuit breaker.
    #[must_use]
    pub fn breaker(&self) -> BreakerState {
        self.breaker.state()
    }

    /// The number of calls in flight.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.max_in_flight.saturating_sub(self.slots.available_permits())
    }

    /// Waits for a free slot until `deadline`.
    pub(super) async fn admit(&self, operation: Operation, deadline: Instant) -> Result<CallPermit<'_>, CallFailure> {
        let slot = match self.slots.try_acquire() {
            Ok(slot) => slot,
            Err(_) => self.wait_for_slot(deadline).await?,
        };
        // Last, because the breaker may have opened while the call was waiting.
        match self.breaker.admit(operation) {
            Ok(breaker) => Ok(CallPermit { breaker, _slot: slot }),
            Err(retry_after) => Err(CallFailure::BreakerOpen { retry_after }),
        }
    }

    async fn wait_for_slot(&self, deadline: Instant) -> Result<SemaphorePermit<'_>, CallFailure> {
        let _queue_slot = QueueSlot::take(&self.waiting, self.max_waiting)?;
        match timeout_at(deadline, self.slots.acquire()).await {
            Ok(Ok(slot)) => Ok(slot),
            Ok(Err(_)) | Err(_) => Err(CallFailure::Overloaded),
        }
    }
}

/// A slot in the queue of waiting calls, released also if the call is cancelled.
struct QueueSlot<'a>(&'a AtomicUsize);

impl<'a> QueueSlot<'a> {
    fn take(waiting: &'a AtomicUsize, max: usize) -> Result<Self, CallFailure> {
        let slot = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) >= max {
            return Err(CallFailure::Overloaded); // dropping `slot` undoes the increment
        }
        Ok(slot)
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
    use crate::upstream::breaker::CallOutcome;

    fn one_in_flight_one_waiting() -> Arc<Admission> {
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
    async fn a_call_beyond_the_limit_waits_and_the_next_is_refused() {
        let admission = one_in_flight_one_waiting();
        let first = admission.admit(Operation::LoginBegin, soon()).await.unwrap();
        assert_eq!(admission.in_flight(), 1);
        let second = tokio::spawn({
            let admission = admission.clone();
            async move { admission.admit(Operation::LoginBegin, soon()).await.map(drop) }
        });
        tokio::task::yield_now().await;
        let refused_at = Instant::now();
        assert!(matches!(admission.admit(Operation::LoginBegin, soon()).await, Err(CallFailure::Overloaded)));
        assert_eq!(Instant::now(), refused_at);
        drop(first);
        assert!(second.await.unwrap().is_ok());
        assert_eq!(admission.in_flight(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_waiting_call_is_refused_at_its_deadline() {
        let admission = one_in_flight_one_waiting();
        let _first = admission.admit(Operation::LoginBegin, soon()).await.unwrap();
        assert!(matches!(admission.admit(Operation::LoginBegin, soon()).await, Err(CallFailure::Overloaded)));
        assert_eq!(admission.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_is_refused_if_the_breaker_opened_while_it_waited() {
        let admission = one_in_flight_one_waiting();
        let first = admission.admit(Operation::LoginBegin, soon()).await.unwrap();
        let second = tokio::spawn({
            let admission = admission.clone();
            async move { admission.admit(Operation::LoginBegin, soon()).await.map(drop) }
        });
        tokio::task::yield_now().await;
        first.breaker.report(CallOutcome::NoResponse, || None);
        drop(first._slot);
        let refused = second.await.unwrap().unwrap_err();
        assert!(matches!(refused, CallFailure::BreakerOpen { .. }));
        assert_eq!(admission.breaker(), BreakerState::Open);
    }
}
