//! The caller's end of a connection: what it sends next, and whether it is still there.
//!
//! The rest of a request that came in part is waited for a moment only; who is slower has bytes that
//! the library's server waits for, with all its timeouts.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead as _, AsyncWrite as _, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFuture;

use crate::server::fast_path::request::{Plain, Unsupported, read};
use crate::server::hyper_connection::{ConnectionError, PREFACE};

/// How long the rest of a request is waited for.
const REST: Duration = Duration::from_secs(1);
/// How many bytes are read at once.
const AT_ONCE: usize = 32 << 10;
/// The most that is kept of what comes while a request is under way.
const MOST_AHEAD: usize = 64 << 10;

thread_local! {
    /// What a worker reads into: every byte is taken out again before anybody else reads.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; AT_ONCE]);
}

/// Whoever is at the other end.
#[derive(Debug)]
pub(super) struct Caller<'a> {
    stream: &'a mut TcpStream,
    /// What was read, and belongs to no request yet.
    unread: Vec<u8>,
    silence: Duration,
    /// How often it was waited for, and how often when silence was last looked for.
    waited: u64,
    seen: u64,
}

/// Why there is no plain request next.
#[derive(Debug)]
pub(super) enum Unserved {
    /// There is something else.
    Unsupported,
    /// The caller has closed, or nothing more is wanted of it.
    End,
    Failed(ConnectionError),
}

// ===== impl Caller =====

impl<'a> Caller<'a> {
    pub(super) fn new(stream: &'a mut TcpStream, silence: Duration) -> Self {
        Self { stream, unread: Vec::new(), silence, waited: 0, seen: 1 }
    }

    /// What was read, and belongs to no request that was answered.
    pub(super) fn into_unread(self) -> Bytes {
        self.unread.into()
    }

    /// Waits for what the caller does next. `alarm` goes off when nothing has come for too long.
    pub(super) async fn next(
        &mut self,
        mut alarm: Pin<&mut Sleep>,
        mut stopped: Pin<&mut WaitForCancellationFuture<'_>>,
    ) -> Result<Plain, Unserved> {
        self.waited += 1;
        // What came while the last request was under way.
        if !self.unread.is_empty()
            && let Some(plain) = take(&mut self.unread, &[])?
        {
            return Ok(plain);
        }
        poll_fn(|context| {
            loop {
                let was_waiting = self.unread.is_empty();
                let Self { stream, unread, .. } = self;
                let taken = poll_read(stream, context, |came| match came {
                    [] if unread.is_empty() => Err(Unserved::End),
                    [] => Err(Unserved::Unsupported),
                    came => take(unread, came),
                });
                match taken? {
                    Poll::Ready(Ok(Some(plain))) => return Poll::Ready(Ok(plain)),
                    Poll::Ready(Ok(None)) if was_waiting => {
                        alarm.as_mut().reset(Instant::now() + REST.min(self.silence));
                    }
                    Poll::Ready(Ok(None)) => {}
                    Poll::Ready(Err(unserved)) => return Poll::Ready(Err(unserved)),
                    Poll::Pending => break,
                }
            }
            if stopped.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(Unserved::End));
            }
            while alarm.as_mut().poll(context).is_ready() {
                if !self.unread.is_empty() {
                    // Only the library knows what to do with half a request; the half of a preface
                    // does not even tell which server to take.
                    let is_preface = PREFACE.starts_with(&self.unread);
                    return Poll::Ready(Err(if is_preface { Unserved::SILENT } else { Unserved::Unsupported }));
                }
                if self.waited == self.seen {
                    return Poll::Ready(Err(Unserved::SILENT));
                }
                self.seen = self.waited;
                alarm.as_mut().reset(Instant::now() + self.silence);
            }
            Poll::Pending
        })
        .await
    }

    /// Waits for `work` while the caller is there; `None` once it has left.
    pub(super) async fn while_here<T>(&mut self, mut work: impl Future<Output = T> + Unpin) -> Option<T> {
        poll_fn(|context| {
            if let Poll::Ready(done) = Pin::new(&mut work).poll(context) {
                return Poll::Ready(Some(done));
            }
            while self.unread.len() < MOST_AHEAD {
                let Self { stream, unread, .. } = self;
                let read = poll_read(stream, context, |bytes| {
                    unread.extend_from_slice(bytes);
                    bytes.len()
                });
                match read {
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(None),
                    Poll::Ready(Ok(_)) => {}
                    Poll::Pending => break,
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Sends all of it.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Sends what the system takes at once, and returns how much that was.
    pub(super) fn send_now(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> io::Result<usize> {
        match Pin::new(&mut *self.stream).poll_write(context, bytes) {
            Poll::Ready(sent) => sent,
            Poll::Pending => Ok(0),
        }
    }
}

/// Reads what there is, into the worker's buffer; nothing is the end.
fn poll_read<T>(
    stream: &mut TcpStream,
    context: &mut Context<'_>,
    take: impl FnOnce(&[u8]) -> T,
) -> Poll<io::Result<T>> {
    BUFFER.with_borrow_mut(|buffer| {
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(stream).poll_read(context, &mut buffer))?;
        Poll::Ready(Ok(take(buffer.filled())))
    })
}

/// Takes the request that `unread` and what came after it begin with; `None` while it is not whole.
fn take(unread: &mut Vec<u8>, came: &[u8]) -> Result<Option<Plain>, Unserved> {
    if unread.is_empty() {
        let taken = read(came);
        let length = taken.as_ref().ok().and_then(Option::as_ref).map_or(0, |plain| plain.length);
        unread.extend_from_slice(&came[length..]);
        return Ok(taken?);
    }
    unread.extend_from_slice(came);
    let taken = read(unread)?;
    unread.drain(..taken.as_ref().map_or(0, |plain| plain.length));
    unread.shrink_to(0); // so that a connection that waits keeps nothing
    Ok(taken)
}

// ===== impl Unserved =====

impl Unserved {
    const SILENT: Self = Self::Failed(ConnectionError::Silent);
}

impl From<Unsupported> for Unserved {
    fn from(_: Unsupported) -> Self {
        Self::Unsupported
    }
}

impl From<io::Error> for Unserved {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.into())
    }
}
