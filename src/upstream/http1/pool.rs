//! The idle connections of one worker to one upstream, and buffers for reuse.
//!
//! The connection used last is used next, so that surplus connections become idle and are closed. One task
//! closes them; it runs only while there are idle connections.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::upstream::http1::stream::Stream;

/// The most buffers kept; those of a burst are freed.
const MAX_BUFFERS: usize = 64;
/// The largest buffer kept, in bytes.
const MAX_BUFFER_SIZE: usize = 32 << 10;

/// The buffers of one call. They are pooled apart from the connections, so that an idle connection holds
/// no memory.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    pub(super) outgoing: Vec<u8>,
    pub(super) incoming: Vec<u8>,
}

/// Connections and buffers between calls.
#[derive(Debug)]
pub(super) struct Pool {
    idle: Arc<Mutex<Idle>>,
    idle_timeout: Duration,
}

#[derive(Debug, Default)]
struct Idle {
    /// In the order in which they became idle.
    connections: VecDeque<IdleConnection>,
    buffers: Vec<Buffers>,
    is_expiry_running: bool,
}

#[derive(Debug)]
struct IdleConnection {
    stream: Stream,
    expires: Instant,
}

// ===== impl Pool =====

impl Pool {
    pub(super) fn new(idle_timeout: Duration) -> Self {
        Self { idle: Arc::default(), idle_timeout }
    }

    /// The connection used last that is still open. Others are closed on the way.
    pub(super) fn take(&self) -> Option<Stream> {
        loop {
            let IdleConnection { mut stream, expires } = lock(&self.idle).connections.pop_back()?;
            if stream.is_idle() && Instant::now() < expires {
                return Some(stream);
            }
        }
    }

    /// Keeps a connection for the next call.
    pub(super) fn put(&self, stream: Stream) {
        let expires = Instant::now() + self.idle_timeout;
        let mut idle = lock(&self.idle);
        idle.connections.push_back(IdleConnection { stream, expires });
        if !mem::replace(&mut idle.is_expiry_running, true) {
            tokio::spawn(close_expired(Arc::downgrade(&self.idle)));
        }
    }

    /// Empty buffers.
    pub(super) fn take_buffers(&self) -> Buffers {
        lock(&self.idle).buffers.pop().unwrap_or_default()
    }

    /// Keeps buffers for the next call.
    pub(super) fn put_buffers(&self, mut buffers: Buffers) {
        buffers.outgoing.clear();
        buffers.incoming.clear();
        let mut idle = lock(&self.idle);
        let is_small = buffers.outgoing.capacity().max(buffers.incoming.capacity()) <= MAX_BUFFER_SIZE;
        if is_small && idle.buffers.len() < MAX_BUFFERS {
            idle.buffers.push(buffers);
        }
    }
}

/// Closes expired connections until none are idle.
async fn close_expired(pool: Weak<Mutex<Idle>>) {
    loop {
        let Some(next) = pool.upgrade().and_then(|idle| lock(&idle).close_expired()) else { return };
        sleep_until(next).await;
    }
}

impl Idle {
    /// Returns the next expiry; `None` if no connection is idle.
    fn close_expired(&mut self) -> Option<Instant> {
        let now = Instant::now();
        while self.connections.front().is_some_and(|connection| connection.expires <= now) {
            self.connections.pop_front();
        }
        let next = self.connections.front().map(|connection| connection.expires);
        self.is_expiry_running = next.is_some();
        next
    }
}

/// No code panics while it holds the lock, so a poisoned pool is still valid.
fn lock(idle: &Mutex<Idle>) -> MutexGuard<'_, Idle> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
