//! The connections that are open and wait, and the pause after one could not be opened.
//!
//! A question that met a connection gone stale is asked once more on a new one: it only reads. While
//! the pause lasts, questions are refused at once with the reason of the failure.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::ceremony::Subject;
use crate::identity::postgres::address::Address;
use crate::identity::postgres::session::{Failure, Session, Wanted};

/// The pause after the first failure; every further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A connection may take so long to be opened, also where a question may not: else none ever would be.
const OPEN_WITHIN: Duration = Duration::from_secs(5);

/// The connections.
pub(super) struct Pool {
    address: Address,
    /// What a query may take, as the server is told.
    timeout: Duration,
    idle: Mutex<Vec<Session>>,
    pause: Mutex<Option<Pause>>,
}

/// Nobody tries before it is over.
#[derive(Clone)]
struct Pause {
    began: Instant,
    length: Duration,
    reason: Failure,
}

impl Pool {
    pub(super) fn new(address: Address, timeout: Duration) -> Self {
        Self { address, timeout, idle: Mutex::default(), pause: Mutex::default() }
    }

    /// Asks, on one connection or a second one.
    pub(super) async fn find(
        &self,
        wanted: &Wanted,
        asked: &Subject,
        until: Instant,
    ) -> Result<Option<Subject>, Failure> {
        let mut session = self.session_before(until).await?;
        match session.find(wanted, asked, until).await {
            Err(Failure::Stale) => {
                // The others were opened with it.
                self.idle().clear();
                session = self.session_before(until).await?;
                let found = session.find(wanted, asked, until).await;
                self.done(session, found)
            }
            found => self.done(session, found),
        }
    }

    /// A connection for a question that is still waited for. One that came too late serves the next.
    async fn session_before(&self, until: Instant) -> Result<Session, Failure> {
        let session = self.session().await?;
        if Instant::now() < until {
            return Ok(session);
        }
        self.take_back(session);
        Err(Failure::Late)
    }

    /// A connection that is open, else a new one, which may take longer than a question.
    pub(super) async fn session(&self) -> Result<Session, Failure> {
        while let Some(session) = { self.idle().pop() } {
            if session.is_open() {
                return Ok(session);
            }
        }
        if let Some(Pause { reason, .. }) = self.pause().clone().filter(Pause::lasts) {
            return Err(reason);
        }
        let began = Instant::now();
        let opened = Session::open(&self.address, self.timeout, began + self.timeout.max(OPEN_WITHIN)).await;
        let mut pause = self.pause();
        match &opened {
            Ok(_) => *pause = None,
            Err(reason) => *pause = Some(Pause::after(pause.as_ref(), began, reason)),
        }
        opened
    }

    /// Keeps a connection for the next question.
    pub(super) fn take_back(&self, session: Session) {
        self.idle().push(session);
    }

    fn done(&self, session: Session, found: Result<Option<Subject>, Failure>) -> Result<Option<Subject>, Failure> {
        match &found {
            Ok(_) | Err(Failure::Query(_) | Failure::Refused(_)) => self.take_back(session),
            // Its answer may still come, and is nobody's.
            Err(Failure::Stale | Failure::Late | Failure::Unreachable(_)) => drop(session),
        }
        found
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pause(&self) -> MutexGuard<'_, Option<Pause>> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// ===== impl Pause =====

impl Pause {
    /// The pause after an attempt that began at `began`. One that was under way when another failed is
    /// no further failure.
    fn after(before: Option<&Self>, began: Instant, reason: &Failure) -> Self {
        let length = match before {
            None => FIRST_PAUSE,
            Some(before) if began < before.began => before.length,
            Some(before) => LONGEST_PAUSE.min(before.length * 2),
        };
        Self { began: Instant::now(), length, reason: reason.clone() }
    }

    fn lasts(&self) -> bool {
        self.began.elapsed() < self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_pause_grows_to_its_longest_and_no_further() {
        let reason = Failure::Unreachable("x".to_owned());
        let mut pause = Pause::after(None, Instant::now(), &reason);
        assert!(pause.lasts());
        tokio::time::advance(FIRST_PAUSE).await;
        assert!(!pause.lasts());
        let early = pause.began - Duration::from_millis(1);
        assert_eq!(Pause::after(Some(&pause), early, &reason).length, FIRST_PAUSE);
        let mut lengths = Vec::new();
        for _ in 0..7 {
            pause = Pause::after(Some(&pause), Instant::now(), &reason);
            lengths.push(pause.length.as_millis());
        }
        assert_eq!(lengths, [200, 400, 800, 1600, 3200, 5000, 5000]);
    }
}
