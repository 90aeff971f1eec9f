//! A connection that hyper drives and the pool can still read from.
//!
//! A failed write is not reported: the upstream may have answered before it closed the connection, and hyper
//! would drop that answer. Reading ends the connection, with the answer or with an error.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::upstream::connection::pool::{Idle, IdleState};
use crate::upstream::connection::stream::Stream;

/// A handle of the connection. The lock is never contended: both users are on one thread.
#[derive(Clone, Debug)]
pub(in crate::upstream) struct SharedStream(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    stream: Mutex<Stream>,
    cannot_write: AtomicBool,
    is_idle: AtomicBool,
    /// Whether bytes were read while the connection was idle.
    has_unexpected: AtomicBool,
}

// ===== impl SharedStream =====

impl SharedStream {
    pub(in crate::upstream) fn new(stream: Stream) -> Self {
        Self(Arc::new(Shared {
            stream: Mutex::new(stream),
            cannot_write: AtomicBool::new(false),
            is_idle: AtomicBool::new(false),
            has_unexpected: AtomicBool::new(false),
        }))
    }

    /// Says whether a request is under way. hyper closes an idle connection that sends something, and does not
    /// say why.
    pub(in crate::upstream) fn set_idle(&self, is_idle: bool) {
        self.0.is_idle.store(is_idle, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Stream> {
        self.0.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cannot_write(&self) -> bool {
        self.0.cannot_write.load(Ordering::Relaxed)
    }

    /// `written` unless writing failed, and then `pretended`.
    fn without_error<T>(&self, written: Poll<io::Result<T>>, pretended: T) -> Poll<io::Result<T>> {
        match written {
            Poll::Ready(Err(error)) => {
                tracing::debug!(%error, "cannot send the rest of a request");
                self.0.cannot_write.store(true, Ordering::Relaxed);
                Poll::Ready(Ok(pretended))
            }
            written => written,
        }
    }
}

impl Idle for SharedStream {
    fn state(&mut self) -> IdleState {
        if self.0.has_unexpected.load(Ordering::Relaxed) {
            IdleState::Unexpected
        } else if self.cannot_write() {
            IdleState::Closed
        } else {
            self.lock().state()
        }
    }
}

impl AsyncRead for SharedStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut *self.lock()).poll_read(context, buffer);
        if buffer.filled().len() > before && self.0.is_idle.load(Ordering::Relaxed) {
            self.0.has_unexpected.store(true, Ordering::Relaxed);
        }
        read
    }
}

impl AsyncWrite for SharedStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.cannot_write() {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut *self.lock()).poll_write(context, bytes);
        self.without_error(written, bytes.len())
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.cannot_write() {
            return Poll::Ready(Ok(()));
        }
        let flushed = Pin::new(&mut *self.lock()).poll_flush(context);
        self.without_error(flushed, ())
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_shutdown(context)
    }
}
