//! The connection of one thread, and the pause after a failure to connect.
//!
//! A query that meets a stale connection is repeated once on a new one, because it only reads. During the pause,
//! which all threads share, queries fail at once with the reason of the last failure.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::ceremony::Subject;
use crate::identity::postgres::address::Address;
use crate::identity::postgres::session::{CheckedQuery, Failure, Session};

/// The pause after the first failure; each further failure doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// The minimum time limit for connecting. It may exceed that of a query, so that a slow server is reached at last.
const MIN_CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The server, shared by all threads.
pub(super) struct Server {
    address: Address,
    /// The time limit of a query, which is also set on the server.
    timeout: Duration,
    pause: Mutex<Option<Pause>>,
}

/// The connection of one thread, if it is open.
pub(super) struct Connection {
    server: Arc<Server>,
    session: Option<Session>,
}

/// No thread connects before it is over.
#[derive(Clone)]
struct Pause {
    began: Instant,
    length: Duration,
    reason: Failure,
}

impl Connection {
    pub(super) fn new(server: Arc<Server>) -> Self {
        Self { server, session: None }
    }

    /// Prepares queries, which checks them.
    pub(super) async fn check(&mut self, queries: &[Arc<CheckedQuery>]) -> Result<(), Failure> {
        let mut session = self.open_session().await?;
        let until = Instant::now() + self.server.timeout;
        for query in queries {
            session.statement(query, until).await?;
        }
        self.session = Some(session);
        Ok(())
    }

    /// Looks up a user.
    pub(super) async fn find(
        &mut self,
        query: &CheckedQuery,
        user: &Subject,
        until: Instant,
    ) -> Result<Option<Subject>, Failure> {
        match self.find_once(query, user, until).await {
            Err(Failure::Stale) => self.find_once(query, user, until).await,
            found => found,
        }
    }

    async fn find_once(
        &mut self,
        query: &CheckedQuery,
        user: &Subject,
        until: Instant,
    ) -> Result<Option<Subject>, Failure> {
        let mut session = self.open_session().await?;
        let found = match Instant::now() < until {
            true => session.find(query, user, until).await,
            // Connecting took too long: the next query uses the connection.
            false => {
                self.session = Some(session);
                return Err(Failure::Late);
            }
        };
        // After any other failure, a late response could be mistaken for that of the next query.
        if matches!(found, Ok(_) | Err(Failure::Query(_) | Failure::Refused(_))) {
            self.session = Some(session);
        }
        found
    }

    /// Takes the open session, or opens a new one.
    async fn open_session(&mut self) -> Result<Session, Failure> {
        match self.session.take().filter(Session::is_open) {
            Some(session) => Ok(session),
            None => self.server.connect().await,
        }
    }
}

impl Server {
    pub(super) fn new(address: Address, timeout: Duration) -> Self {
        Self { address, timeout, pause: Mutex::default() }
    }

    async fn connect(&self) -> Result<Session, Failure> {
        if let Some(Pause { reason, .. }) = self.pause().clone().filter(Pause::lasts) {
            return Err(reason);
        }
        let began = Instant::now();
        let opened = Session::open(&self.address, self.timeout, began + self.timeout.max(MIN_CONNECT_TIMEOUT)).await;
        let mut pause = self.pause();
        *pause = opened.as_ref().err().map(|reason| Pause::after(pause.as_ref(), began, reason));
        opened
    }

    fn pause(&self) -> MutexGuard<'_, Option<Pause>> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pause {
    /// The pause after a failed attempt that began at `began`. An attempt that began before the previous failure
    /// does not lengthen the pause.
    fn after(before: Option<&Self>, began: Instant, reason: &Failure) -> Self {
        let length = match before {
            None => FIRST_PAUSE,
            Some(before) if began < before.began => before.length,
            Some(before) => MAX_PAUSE.min(before.length * 2),
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
    async fn pause_doubles_up_to_its_maximum() {
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
