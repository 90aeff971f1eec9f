//! The idle connections of one worker to one upstream.
//!
//! The connection used last is used next, so that surplus connections become idle and are closed. One task
//! closes them; it runs only while there are idle connections.
//!
//! An upstream that sends bytes after a response could have them taken for the response to the next request. Before
//! a connection is reused, it is read: any byte closes it. What arrives after that cannot be distinguished from a
//! response, so the pool bounds how often that can happen. No connection is reused before one of them was quiet for
//! [`QUIET_TIME`] after its response. After unexpected bytes, no connection is reused for [`DISTRUST_TIMEOUT`].

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How long the first connection is observed after its response, before any is reused.
pub(in crate::upstream) const QUIET_TIME: Duration = Duration::from_millis(50);
/// How long connections are not reused after unexpected bytes.
const DISTRUST_TIMEOUT: Duration = Duration::from_secs(60);
/// The most connections kept before one was observed.
const MAX_UNPROVEN: usize = 64;

/// A connection between requests.
pub(in crate::upstream) trait Idle: Send + 'static {
    /// Reads what is readable, without waiting.
    fn state(&mut self) -> IdleState;
}

/// What was found on an idle connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::upstream) enum IdleState {
    Quiet,
    Closed,
    /// Bytes that belong to no response.
    Unexpected,
}

/// Connections between requests.
#[derive(Debug)]
pub(in crate::upstream) struct Pool<C> {
    idle: Arc<Mutex<IdleConnections<C>>>,
    idle_timeout: Duration,
}

#[derive(Debug)]
struct IdleConnections<C> {
    /// In the order in which they became idle.
    connections: VecDeque<IdleConnection<C>>,
    trust: Trust,
    is_expiry_running: bool,
}

#[derive(Debug)]
struct IdleConnection<C> {
    connection: C,
    since: Instant,
}

/// Whether the upstream sends only what it was asked for.
#[derive(Clone, Copy, Debug)]
enum Trust {
    /// No connection was observed yet.
    Unproven,
    Proven,
    /// No connection is kept until then.
    Distrusted(Instant),
}

// ===== impl Pool =====

impl<C: Idle> Pool<C> {
    pub(in crate::upstream) fn new(idle_timeout: Duration) -> Self {
        let idle = IdleConnections { connections: VecDeque::new(), trust: Trust::Unproven, is_expiry_running: false };
        Self { idle: Arc::new(Mutex::new(idle)), idle_timeout }
    }

    /// The connection used last that is still open and quiet. Others are closed on the way.
    pub(in crate::upstream) fn take(&self) -> Option<C> {
        let mut idle = lock(&self.idle);
        if !matches!(idle.trust, Trust::Proven) && !idle.observe() {
            return None;
        }
        loop {
            let IdleConnection { mut connection, since } = idle.connections.pop_back()?;
            if since.elapsed() >= self.idle_timeout {
                continue;
            }
            match connection.state() {
                IdleState::Quiet => return Some(connection),
                IdleState::Closed => {}
                IdleState::Unexpected => {
                    idle.distrust();
                    return None;
                }
            }
        }
    }

    /// Keeps a connection for the next request.
    pub(in crate::upstream) fn put(&self, connection: C) {
        let mut idle = lock(&self.idle);
        match idle.trust {
            Trust::Distrusted(_) => return,
            Trust::Unproven if idle.connections.len() >= MAX_UNPROVEN => return,
            Trust::Unproven | Trust::Proven => {}
        }
        idle.connections.push_back(IdleConnection { connection, since: Instant::now() });
        if !mem::replace(&mut idle.is_expiry_running, true) {
            tokio::spawn(close_expired(Arc::downgrade(&self.idle), self.idle_timeout));
        }
    }

    /// The upstream has sent bytes that belong to no response.
    #[cold]
    pub(in crate::upstream) fn distrust(&self) {
        lock(&self.idle).distrust();
    }
}

// By hand: a derived implementation would require `C: Clone`.
impl<C> Clone for Pool<C> {
    fn clone(&self) -> Self {
        Self { idle: self.idle.clone(), idle_timeout: self.idle_timeout }
    }
}

/// Closes expired connections until none are idle.
async fn close_expired<C>(pool: Weak<Mutex<IdleConnections<C>>>, idle_timeout: Duration) {
    loop {
        let Some(next) = pool.upgrade().and_then(|idle| lock(&idle).close_expired(idle_timeout)) else { return };
        sleep_until(next).await;
    }
}

impl<C> IdleConnections<C> {
    /// Returns the next expiry; `None` if no connection is idle.
    fn close_expired(&mut self, idle_timeout: Duration) -> Option<Instant> {
        let now = Instant::now();
        while self.connections.front().is_some_and(|idle| idle.since + idle_timeout <= now) {
            self.connections.pop_front();
        }
        let next = self.connections.front().map(|idle| idle.since + idle_timeout);
        self.is_expiry_running = next.is_some();
        next
    }
}

impl<C: Idle> IdleConnections<C> {
    /// Whether connections may be reused, found out by reading from those that are idle.
    #[cold]
    fn observe(&mut self) -> bool {
        if let Trust::Distrusted(end) = self.trust {
            if Instant::now() < end {
                return false;
            }
            self.trust = Trust::Unproven;
        }
        let has_rested = self.connections.front().is_some_and(|idle| idle.since.elapsed() >= QUIET_TIME);
        if !has_rested {
            return false;
        }
        let mut was_quiet = false;
        for mut idle in mem::take(&mut self.connections) {
            match idle.connection.state() {
                IdleState::Quiet => {
                    was_quiet |= idle.since.elapsed() >= QUIET_TIME;
                    self.connections.push_back(idle);
                }
                IdleState::Closed => {}
                IdleState::Unexpected => {
                    self.distrust();
                    return false;
                }
            }
        }
        if was_quiet {
            self.trust = Trust::Proven;
        }
        was_quiet
    }

    #[cold]
    fn distrust(&mut self) {
        tracing::warn!("upstream sent bytes after its response, its connections are not reused for a minute");
        self.connections.clear();
        self.trust = Trust::Distrusted(Instant::now() + DISTRUST_TIMEOUT);
    }
}

/// No code panics while it holds the lock, so a poisoned pool is still valid.
fn lock<C>(idle: &Mutex<IdleConnections<C>>) -> MutexGuard<'_, IdleConnections<C>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
