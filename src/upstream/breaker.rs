//! The circuit breaker of one upstream: a state machine without I/O.
//!
//! Consecutive failures open it. While it is open, calls are refused. After the cool-down one call, the
//! probe, is let through, and its outcome closes the breaker or opens it again. A cancelled call counts as
//! neither success nor failure. Time is tokio's clock, which tests can pause.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The state of a circuit breaker.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BreakerState {
    /// Calls are let through.
    Closed,
    /// Calls are refused until the cool-down has passed.
    Open,
    /// One call probes the upstream; the others are refused.
    HalfOpen,
}

/// Counts the consecutive failures of one upstream, over all workers.
#[derive(Debug)]
pub(crate) struct Breaker {
    name: String,
    /// 0 disables the breaker.
    threshold: u64,
    cooldown: Duration,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed { failures: u64 },
    Open { until: Instant },
    HalfOpen,
}

/// Permits one call. The caller reports its outcome; dropped without one, the call does not count.
#[derive(Debug)]
pub(crate) struct BreakerPermit<'a> {
    breaker: &'a Breaker,
    is_probe: bool,
}

// ===== impl Breaker =====

impl Breaker {
    pub(crate) fn new(name: &str, threshold: u64, cooldown: Duration) -> Self {
        let state = Mutex::new(State::Closed { failures: 0 });
        Self { name: name.to_owned(), threshold, cooldown, state }
    }

    /// Permits a call, or returns the time until the next attempt.
    pub(crate) fn admit(&self) -> Result<BreakerPermit<'_>, Duration> {
        let mut state = self.lock();
        let is_probe = match *state {
            State::Closed { .. } => false,
            State::Open { until } if Instant::now() >= until => true,
            State::Open { until } => return Err(until.saturating_duration_since(Instant::now())),
            State::HalfOpen => return Err(self.cooldown),
        };
        if is_probe {
            *state = State::HalfOpen;
        }
        Ok(BreakerPermit { breaker: self, is_probe })
    }

    pub(crate) fn state(&self) -> BreakerState {
        match *self.lock() {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { .. } => BreakerState::Open,
            State::HalfOpen => BreakerState::HalfOpen,
        }
    }

    fn open(&self, state: &mut State) {
        *state = State::Open { until: Instant::now() + self.cooldown };
        tracing::warn!(upstream = self.name, "circuit breaker opened");
    }

    /// No code panics while it holds the lock, so a poisoned state is still valid.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// ===== impl BreakerPermit =====

impl BreakerPermit<'_> {
    /// The upstream responded, and not with a server error.
    pub(crate) fn succeeded(mut self) {
        let mut state = self.breaker.lock();
        if self.is_probe {
            tracing::info!(upstream = self.breaker.name, "circuit breaker closed");
        } else if !matches!(*state, State::Closed { .. }) {
            return; // permitted before the breaker opened
        }
        *state = State::Closed { failures: 0 };
        drop(state);
        self.is_probe = false;
    }

    /// The upstream could not be reached, timed out, disconnected or reported a server error.
    pub(crate) fn failed(mut self) {
        let breaker = self.breaker;
        let mut state = breaker.lock();
        match *state {
            State::HalfOpen if self.is_probe => breaker.open(&mut state),
            State::Closed { failures } if failures + 1 == breaker.threshold => {
                breaker.open(&mut state);
            }
            State::Closed { failures } => *state = State::Closed { failures: failures + 1 },
            State::Open { .. } | State::HalfOpen => {} // permitted before the breaker opened
        }
        drop(state);
        self.is_probe = false;
    }
}

impl Drop for BreakerPermit<'_> {
    /// If the probe is cancelled, the next call becomes the probe.
    fn drop(&mut self) {
        if self.is_probe {
            *self.breaker.lock() = State::Open { until: Instant::now() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COOLDOWN: Duration = Duration::from_secs(5);

    fn opened() -> Breaker {
        let breaker = Breaker::new("test", 2, COOLDOWN);
        breaker.admit().unwrap().failed();
        breaker.admit().unwrap().failed();
        breaker
    }

    #[tokio::test(start_paused = true)]
    async fn consecutive_failures_open_the_breaker() {
        let breaker = Breaker::new("test", 2, COOLDOWN);
        breaker.admit().unwrap().failed();
        breaker.admit().unwrap().succeeded();
        breaker.admit().unwrap().failed();
        assert_eq!(breaker.state(), BreakerState::Closed);
        breaker.admit().unwrap().failed();
        assert_eq!(breaker.state(), BreakerState::Open);
        assert_eq!(breaker.admit().unwrap_err(), COOLDOWN);
    }

    #[tokio::test(start_paused = true)]
    async fn one_probe_is_permitted_after_the_cooldown() {
        let breaker = opened();
        tokio::time::advance(COOLDOWN - Duration::from_millis(1)).await;
        assert_eq!(breaker.admit().unwrap_err(), Duration::from_millis(1));
        tokio::time::advance(Duration::from_millis(1)).await;
        let probe = breaker.admit().unwrap();
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        assert!(breaker.admit().is_err());
        probe.succeeded();
        assert_eq!(breaker.state(), BreakerState::Closed);
        assert!(breaker.admit().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_probe_opens_the_breaker_again() {
        let breaker = opened();
        tokio::time::advance(COOLDOWN).await;
        breaker.admit().unwrap().failed();
        assert_eq!(breaker.state(), BreakerState::Open);
        assert_eq!(breaker.admit().unwrap_err(), COOLDOWN);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_cancelled_probe_the_next_call_is_the_probe() {
        let breaker = opened();
        tokio::time::advance(COOLDOWN).await;
        drop(breaker.admit().unwrap());
        assert_eq!(breaker.state(), BreakerState::Open);
        breaker.admit().unwrap().succeeded();
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn the_outcome_of_a_call_permitted_before_the_opening_is_ignored() {
        let breaker = Breaker::new("test", 2, COOLDOWN);
        let (lucky, unlucky) = (breaker.admit().unwrap(), breaker.admit().unwrap());
        breaker.admit().unwrap().failed();
        breaker.admit().unwrap().failed();
        lucky.succeeded();
        assert_eq!(breaker.state(), BreakerState::Open);
        tokio::time::advance(COOLDOWN).await;
        let probe = breaker.admit().unwrap();
        unlucky.failed();
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        probe.succeeded();
    }

    #[tokio::test(start_paused = true)]
    async fn a_threshold_of_zero_disables_the_breaker() {
        let breaker = Breaker::new("test", 0, COOLDOWN);
        for _ in 0..100 {
            breaker.admit().unwrap().failed();
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
    }
}
