//! The connections of one worker to one upstream that lie idle, and the buffers of nobody's exchange.
//!
//! The one that was used last is used next: the others can grow old and be closed. One task closes
//! them in time, and is there only as long as there are any.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::upstream::http1::stream::Stream;

/// Buffers that are kept, at most; a burst's are given back to the system.
const MOST_BUFFERS: usize = 64;
/// The largest buffer that is kept, in bytes.
const LARGEST: usize = 32 << 10;

/// What an exchange writes into and reads into. Kept apart from the connections, so that an idle one
/// holds no memory of ours.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    pub(super) outgoing: Vec<u8>,
    pub(super) incoming: Vec<u8>,
}

/// What is kept between exchanges.
#[derive(Debug)]
pub(super) struct Pool {
    kept: Arc<Mutex<HeaderFilter>>,
    idle_timeout: Duration,
}

#[derive(Debug, Default)]
struct HeaderFilter {
    /// The one that lay down last stands last.
    idle: VecDeque<Idle>,
    buffers: Vec<Buffers>,
    is_swept: bool,
}

#[derive(Debug)]
struct Idle {
    stream: Stream,
    until: Instant,
}

// ===== impl Pool =====

impl Pool {
    pub(super) fn new(idle_timeout: Duration) -> Self {
        Self { kept: Arc::default(), idle_timeout }
    }

    /// The connection that was used last, if it is still quiet. Those that are not are closed.
    pub(super) fn take(&self) -> Option<Stream> {
        loop {
            let Idle { mut stream, until } = lock(&self.kept).idle.pop_back()?;
            if stream.is_quiet() && Instant::now() < until {
                return Some(stream);
            }
        }
    }

    /// Keeps a connection for the next exchange.
    pub(super) fn keep(&self, stream: Stream) {
        let until = Instant::now() + self.idle_timeout;
        let mut kept = lock(&self.kept);
        kept.idle.push_back(Idle { stream, until });
        if !mem::replace(&mut kept.is_swept, true) {
            tokio::spawn(sweep(Arc::downgrade(&self.kept)));
        }
    }

    /// Empty buffers.
    pub(super) fn buffers(&self) -> Buffers {
        lock(&self.kept).buffers.pop().unwrap_or_default()
    }

    /// Takes buffers back.
    pub(super) fn give_back(&self, mut buffers: Buffers) {
        buffers.outgoing.clear();
        buffers.incoming.clear();
        let mut kept = lock(&self.kept);
        let is_small = buffers.outgoing.capacity().max(buffers.incoming.capacity()) <= LARGEST;
        if is_small && kept.buffers.len() < MOST_BUFFERS {
            kept.buffers.push(buffers);
        }
    }
}

/// Closes what has lain idle for too long, until nothing does.
async fn sweep(pool: Weak<Mutex<HeaderFilter>>) {
    loop {
        let Some(next) = pool.upgrade().and_then(|kept| close_old(&mut lock(&kept))) else { return };
        sleep_until(next).await;
    }
}

/// When to look again; `None` if nothing lies idle.
fn close_old(kept: &mut HeaderFilter) -> Option<Instant> {
    let now = Instant::now();
    while kept.idle.front().is_some_and(|idle| idle.until <= now) {
        kept.idle.pop_front();
    }
    let next = kept.idle.front().map(|idle| idle.until);
    kept.is_swept = next.is_some();
    next
}

/// No code panics while it holds the lock, so a poisoned pool is still a valid one.
fn lock(kept: &Mutex<HeaderFilter>) -> MutexGuard<'_, HeaderFilter> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
