//! A sample of an operation's calls, from which the circuit breaker decides whether the upstream fails for everyone.
//!
//! It begins with a server error and lasts 30 seconds. Each caller contributes at most four calls, so that twenty
//! calls are those of at least five callers and no caller decides alone.

use std::time::Duration;

use tokio::time::Instant;

/// How long a sample lasts.
const WINDOW: Duration = Duration::from_secs(30);
/// The most calls of one caller that count.
const MAX_CALLS_PER_CALLER: u8 = 4;
/// The fewest calls that decide.
const MIN_CALLS: u32 = 20;
/// The most callers in a sample.
const MAX_CALLERS: usize = 64;

/// The calls of one operation.
#[derive(Debug)]
pub(super) struct FailureSample {
    began: Instant,
    /// How many calls of each caller were counted.
    callers: Vec<(u64, u8)>,
    calls: u32,
    errors: u32,
}

impl Default for FailureSample {
    fn default() -> Self {
        Self { began: Instant::now(), callers: Vec::new(), calls: 0, errors: 0 }
    }
}

impl FailureSample {
    /// Counts a call. Returns whether at least half of enough calls failed.
    pub(super) fn add(&mut self, caller: u64, is_error: bool, now: Instant) -> bool {
        if now.saturating_duration_since(self.began) >= WINDOW {
            *self = Self { began: now, ..Self::default() };
        }
        if self.counts(caller) {
            self.calls += 1;
            self.errors += u32::from(is_error);
        }
        self.calls >= MIN_CALLS && self.errors * 2 >= self.calls
    }

    fn counts(&mut self, caller: u64) -> bool {
        if let Some((_, calls)) = self.callers.iter_mut().find(|(known, _)| *known == caller) {
            *calls = calls.saturating_add(1);
            return *calls <= MAX_CALLS_PER_CALLER;
        }
        let has_room = self.callers.len() < MAX_CALLERS;
        if has_room {
            self.callers.push((caller, 1));
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn half_of_twenty_calls_of_five_callers_decide() {
        let mut sample = FailureSample::default();
        let now = Instant::now();
        let added: Vec<_> = (0..20).map(|call| sample.add(call % 5, call >= 10, now)).collect();
        assert_eq!(added.iter().position(|decides| *decides), Some(19));
    }

    #[tokio::test(start_paused = true)]
    async fn fewer_errors_or_older_ones_do_not_decide() {
        let mut sample = FailureSample::default();
        let now = Instant::now();
        assert!((0..100).all(|call| !sample.add(call, call % 5 < 2, now)));
        let mut sample = FailureSample::default();
        assert!((0..19).all(|call| !sample.add(call, true, now)));
        assert!(!sample.add(20, true, now + WINDOW));
    }
}
