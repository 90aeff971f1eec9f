//! How slowly streamed content may arrive: a minimum rate and a total time.
//!
//! Content that trickles occupies two connections. The rate is measured per minute, so that pauses are allowed.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// The time over which the rate is measured.
const PERIOD: Duration = Duration::from_secs(60);

/// The limits of one direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct PaceLimits {
    /// Bytes per second; 0 is no limit.
    pub(super) min_rate: u64,
    /// The total time; zero is no limit.
    pub(super) deadline: Duration,
}

/// Measures one body.
#[derive(Debug)]
pub(super) struct Pace {
    limits: PaceLimits,
    /// `None` if there is no limit.
    end: Option<Instant>,
    period_end: Instant,
    received: u64,
    timer: Pin<Box<Sleep>>,
}

// ===== impl Pace =====

impl Pace {
    /// `None` if there is no limit.
    pub(super) fn begin(limits: PaceLimits) -> Option<Self> {
        if limits.min_rate == 0 && limits.deadline.is_zero() {
            return None;
        }
        let now = Instant::now();
        let end = (!limits.deadline.is_zero()).then(|| now + limits.deadline);
        let period_end = now + PERIOD;
        let timer = Box::pin(sleep_until(end.map_or(period_end, |end| end.min(period_end))));
        Some(Self { limits, end, period_end, received: 0, timer })
    }

    /// Content of this length has arrived.
    pub(super) fn received(&mut self, length: usize) {
        self.received += length as u64;
    }

    /// Ready when the content is too slow. Call it whenever the body is polled.
    pub(super) fn poll_too_slow(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.timer.as_mut().poll(context));
            let now = Instant::now();
            let is_slow = now >= self.period_end && self.received < self.limits.min_rate * PERIOD.as_secs();
            if is_slow || self.end.is_some_and(|end| now >= end) {
                return Poll::Ready(());
            }
            self.received = 0;
            self.period_end = now + PERIOD;
            let next = self.end.map_or(self.period_end, |end| end.min(self.period_end));
            self.timer.as_mut().reset(next);
        }
    }
}
