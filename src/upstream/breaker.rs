//! The circuit breaker of one upstream: state machines without I/O.
//!
//! Consecutive calls that got no response open the breaker for all operations. Server errors open it for their
//! operation only, and only if the calls of several callers fail: one caller's request may be what the upstream fails
//! at. While a circuit is open, calls are refused. After the cool-down one call in ten, a probe, is let through, and
//! its outcome closes the circuit or opens it again. A cancelled call counts as neither success nor failure. Time is
//! tokio's clock, which tests can pause.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::model::operation::Operation;
use crate::upstream::failure_sample::FailureSample;

/// Of the calls after a cool-down, one in so many is a probe.
const PROBE_INTERVAL: u32 = 10;

/// The state of a circuit breaker.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BreakerState {
    /// Calls are let through.
    Closed,
    /// Calls are refused until the cool-down has passed, all or those of an operation.
    Open,
    /// Some calls probe the upstream; the others are refused.
    HalfOpen,
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CallOutcome {
    /// The upstream responded, and not with a server error.
    Responded,
    /// The upstream responded with a status from 500 to 599.
    ServerError,
    /// The upstream could not be reached, timed out or disconnected.
    NoResponse,
}

/// The circuits of one upstream, over all workers.
#[derive(Debug)]
pub(crate) struct Breaker {
    name: String,
    /// Consecutive calls without a response that open it; 0 disables the breaker.
    threshold: u64,
    cooldown: Duration,
    circuits: Mutex<Circuits>,
}

#[derive(Debug, Default)]
struct Circuits {
    connection: Circuit,
    /// Consecutive calls without a response.
    unanswered: u64,
    operations: [OperationCircuit; Operation::ALL.len()],
}

#[derive(Debug, Default)]
struct OperationCircuit {
    circuit: Circuit,
    /// Present from the first server error on.
    sample: Option<Box<FailureSample>>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Circuit {
    #[default]
    Closed,
    Open {
        until: Instant,
    },
    HalfOpen {
        /// The calls since the last probe.
        refused: u32,
    },
}

/// Permits one call. The caller reports its outcome; dropped without one, the call does not count.
#[derive(Debug)]
#[must_use]
pub(crate) struct BreakerPermit<'a> {
    breaker: &'a Breaker,
    operation: Operation,
    /// Whether it is a probe of the connection, and of the operation.
    probes_connection: bool,
    probes_operation: bool,
}

// ===== impl Breaker =====

impl Breaker {
    pub(crate) fn new(name: &str, threshold: u64, cooldown: Duration) -> Self {
        Self { name: name.to_owned(), threshold, cooldown, circuits: Mutex::default() }
    }

    /// Permits a call, or returns the time until the next attempt.
    pub(crate) fn admit(&self, operation: Operation) -> Result<BreakerPermit<'_>, Duration> {
        let mut circuits = self.lock();
        let probes_connection = circuits.connection.admit(self.cooldown)?;
        let probes_operation = circuits.operations[operation as usize].circuit.admit(self.cooldown)?;
        Ok(BreakerPermit { breaker: self, operation, probes_connection, probes_operation })
    }

    /// The state that refuses most calls.
    pub(crate) fn state(&self) -> BreakerState {
        let circuits = self.lock();
        let all = || circuits.operations.iter().map(|operation| operation.circuit).chain([circuits.connection]);
        if all().any(|circuit| matches!(circuit, Circuit::Open { .. })) {
            BreakerState::Open
        } else if all().any(|circuit| circuit != Circuit::Closed) {
            BreakerState::HalfOpen
        } else {
            BreakerState::Closed
        }
    }

    fn opened(&self) -> Circuit {
        Circuit::Open { until: Instant::now() + self.cooldown }
    }

    /// No code panics while it holds the lock, so a poisoned state is still valid.
    fn lock(&self) -> MutexGuard<'_, Circuits> {
        self.circuits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// ===== impl Circuit =====

impl Circuit {
    /// Whether the call is a probe, or how long to wait.
    fn admit(&mut self, cooldown: Duration) -> Result<bool, Duration> {
        match self {
            Self::Closed => Ok(false),
            Self::Open { until } if Instant::now() < *until => Err(until.saturating_duration_since(Instant::now())),
            Self::HalfOpen { refused } if *refused + 1 < PROBE_INTERVAL => {
                *refused += 1;
                Err(cooldown)
            }
            Self::Open { .. } | Self::HalfOpen { .. } => {
                *self = Self::HalfOpen { refused: 0 };
                Ok(true)
            }
        }
    }
}

// ===== impl BreakerPermit =====

impl BreakerPermit<'_> {
    /// Reports the outcome. `caller` identifies the caller of the call; it is called only if server errors are counted.
    pub(crate) fn report(self, outcome: CallOutcome, caller: impl FnOnce() -> Option<u64>) {
        let mut circuits = self.breaker.lock();
        match outcome {
            CallOutcome::NoResponse => self.not_answered(&mut circuits),
            CallOutcome::Responded | CallOutcome::ServerError => {
                self.answered(&mut circuits);
                let operation = &mut circuits.operations[self.operation as usize];
                self.responded(operation, outcome == CallOutcome::ServerError, caller);
            }
        }
    }

    fn not_answered(&self, circuits: &mut Circuits) {
        let breaker = self.breaker;
        circuits.unanswered = circuits.unanswered.saturating_add(1);
        let opens = match circuits.connection {
            Circuit::Closed => circuits.unanswered == breaker.threshold,
            Circuit::HalfOpen { .. } => self.probes_connection,
            Circuit::Open { .. } => false, // permitted before it opened
        };
        if opens {
            circuits.connection = breaker.opened();
            tracing::warn!(upstream = breaker.name, "circuit breaker opened: no response");
        }
    }

    fn answered(&self, circuits: &mut Circuits) {
        if self.probes_connection {
            circuits.connection = Circuit::Closed;
            tracing::info!(upstream = self.breaker.name, "circuit breaker closed");
        }
        if circuits.connection == Circuit::Closed {
            circuits.unanswered = 0;
        }
    }

    fn responded(&self, state: &mut OperationCircuit, is_error: bool, caller: impl FnOnce() -> Option<u64>) {
        let breaker = self.breaker;
        match state.circuit {
            Circuit::HalfOpen { .. } if self.probes_operation => {
                *state = OperationCircuit::default();
                if is_error {
                    state.circuit = breaker.opened();
                } else {
                    tracing::info!(
                        upstream = breaker.name,
                        operation = self.operation.name(),
                        "circuit breaker closed"
                    );
                }
            }
            Circuit::Closed if (is_error || state.sample.is_some()) && breaker.threshold > 0 => {
                let Some(caller) = caller() else { return };
                let sample = state.sample.get_or_insert_default();
                if sample.add(caller, is_error, Instant::now()) {
                    *state = OperationCircuit { circuit: breaker.opened(), sample: None };
                    tracing::warn!(
                        upstream = breaker.name,
                        operation = self.operation.name(),
                        "circuit breaker opened: server errors"
                    );
                }
            }
            Circuit::Closed | Circuit::Open { .. } | Circuit::HalfOpen { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COOLDOWN: Duration = Duration::from_secs(5);
    const BEGIN: Operation = Operation::LoginBegin;

    fn report(breaker: &Breaker, outcome: CallOutcome, caller: u64) {
        breaker.admit(BEGIN).unwrap().report(outcome, || Some(caller));
    }

    fn opened() -> Breaker {
        let breaker = Breaker::new("test", 2, COOLDOWN);
        report(&breaker, CallOutcome::NoResponse, 1);
        report(&breaker, CallOutcome::NoResponse, 1);
        breaker
    }

    #[tokio::test(start_paused = true)]
    async fn consecutive_calls_without_a_response_open_the_breaker() {
        let breaker = Breaker::new("test", 2, COOLDOWN);
        report(&breaker, CallOutcome::NoResponse, 1);
        report(&breaker, CallOutcome::ServerError, 1);
        report(&breaker, CallOutcome::NoResponse, 1);
        assert_eq!(breaker.state(), BreakerState::Closed);
        report(&breaker, CallOutcome::NoResponse, 1);
        assert_eq!(breaker.state(), BreakerState::Open);
        assert_eq!(breaker.admit(Operation::LoginFinish).unwrap_err(), COOLDOWN);
    }

    #[tokio::test(start_paused = true)]
    async fn server_errors_of_one_caller_do_not_open_the_breaker() {
        let breaker = Breaker::new("test", 2, COOLDOWN);
        (0..1_000).for_each(|_| report(&breaker, CallOutcome::ServerError, 1));
        (2..6).for_each(|caller| report(&breaker, CallOutcome::Responded, caller));
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn server_errors_of_several_callers_open_their_operation_only() {
        let breaker = Breaker::new("test", 2, COOLDOWN);
        for call in 0..20 {
            assert_eq!(breaker.state(), BreakerState::Closed, "{call}");
            report(&breaker, CallOutcome::ServerError, call % 5);
        }
        assert_eq!(breaker.admit(BEGIN).unwrap_err(), COOLDOWN);
        assert!(breaker.admit(Operation::LoginFinish).is_ok());
        tokio::time::advance(COOLDOWN).await;
        report(&breaker, CallOutcome::Responded, 1);
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn one_call_in_ten_is_a_probe_after_the_cooldown() {
        let breaker = opened();
        tokio::time::advance(COOLDOWN - Duration::from_millis(1)).await;
        assert_eq!(breaker.admit(BEGIN).unwrap_err(), Duration::from_millis(1));
        tokio::time::advance(Duration::from_millis(1)).await;
        let probe = breaker.admit(BEGIN).unwrap();
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        assert!((0..9).all(|_| breaker.admit(BEGIN).is_err()));
        drop(breaker.admit(BEGIN).unwrap());
        probe.report(CallOutcome::Responded, || None);
        assert_eq!(breaker.state(), BreakerState::Closed);
        assert!(breaker.admit(BEGIN).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_probe_opens_the_breaker_again() {
        let breaker = opened();
        tokio::time::advance(COOLDOWN).await;
        report(&breaker, CallOutcome::NoResponse, 1);
        assert_eq!(breaker.state(), BreakerState::Open);
        assert_eq!(breaker.admit(BEGIN).unwrap_err(), COOLDOWN);
    }

    #[tokio::test(start_paused = true)]
    async fn the_outcome_of_a_call_permitted_before_the_opening_is_ignored() {
        let breaker = Breaker::new("test", 2, COOLDOWN);
        let (lucky, unlucky) = (breaker.admit(BEGIN).unwrap(), breaker.admit(BEGIN).unwrap());
        report(&breaker, CallOutcome::NoResponse, 1);
        report(&breaker, CallOutcome::NoResponse, 1);
        lucky.report(CallOutcome::Responded, || None);
        assert_eq!(breaker.state(), BreakerState::Open);
        tokio::time::advance(COOLDOWN).await;
        let probe = breaker.admit(BEGIN).unwrap();
        unlucky.report(CallOutcome::NoResponse, || None);
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        probe.report(CallOutcome::Responded, || None);
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_threshold_of_zero_disables_the_breaker() {
        let breaker = Breaker::new("test", 0, COOLDOWN);
        for call in 0..100 {
            report(&breaker, CallOutcome::NoResponse, call);
            report(&breaker, CallOutcome::ServerError, call);
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
    }
}
