//! Deadlines of calls, at the price of one timer for each call that is under way at once.
//!
//! To set a timer anew for each call takes two locks, and of a runtime that is about to sleep a system call more.
//! To put one off takes neither, and every call's deadline is later than the last one's. A timer that nobody waits
//! for goes off once and wakes whoever waited last, for nothing.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use tokio::time::{Instant, Sleep, sleep_until};

/// The most that are kept; a burst's are let go.
const MOST: usize = 64;

/// Timers that no call is waiting for.
#[derive(Debug, Default)]
pub(super) struct Alarms(Mutex<Vec<Pin<Box<Sleep>>>>);

impl Alarms {
    /// Waits for `work` no longer than until `deadline`; `None` is later.
    pub(super) async fn in_time<T>(&self, deadline: Instant, work: impl Future<Output = T>) -> Option<T> {
        let mut alarm = self.set(deadline);
        let mut work = pin!(work);
        let done = poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => alarm.as_mut().poll(context).map(|()| None),
        });
        let done = done.await;
        self.keep(alarm);
        done
    }

    fn set(&self, deadline: Instant) -> Pin<Box<Sleep>> {
        let Some(mut alarm) = self.kept().pop() else { return Box::pin(sleep_until(deadline)) };
        alarm.as_mut().reset(deadline);
        alarm
    }

    fn keep(&self, alarm: Pin<Box<Sleep>>) {
        let mut kept = self.kept();
        if kept.len() < MOST {
            kept.push(alarm);
        }
    }

    /// No code panics while it holds the lock.
    fn kept(&self) -> MutexGuard<'_, Vec<Pin<Box<Sleep>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{advance, sleep};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_deadline_is_its_own_calls_whatever_the_timer_was_set_to_before() {
        let alarms = Alarms::default();
        let begun = Instant::now();
        let in_time = |deadline: u32, takes: u32| alarms.in_time(begun + deadline * SECOND, sleep(takes * SECOND));
        assert_eq!(in_time(10, 1).await, Some(()));
        assert_eq!(in_time(20, 12).await, Some(()), "the first deadline has passed meanwhile");
        assert_eq!(in_time(21, 60).await, None);
        assert_eq!(begun.elapsed(), 21 * SECOND);
        assert_eq!(in_time(30, 60).await, None, "a timer that went off goes off again");
        assert_eq!(begun.elapsed(), 30 * SECOND);
        assert_eq!(alarms.kept().len(), 1, "one call at a time needs one timer");
        advance(60 * SECOND).await;
        assert_eq!(in_time(91, 60).await, None);
        assert_eq!(begun.elapsed(), 91 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_at_once_have_a_timer_each() {
        let alarms = Alarms::default();
        let now = Instant::now();
        let (one, other) = tokio::join!(
            alarms.in_time(now + SECOND, sleep(5 * SECOND)),
            alarms.in_time(now + 2 * SECOND, sleep(5 * SECOND))
        );
        assert_eq!((one, other, now.elapsed()), (None, None, 2 * SECOND));
        assert_eq!(alarms.kept().len(), 2);
    }
}
