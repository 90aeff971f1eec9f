//! Reads requests from a connection, and notices when the caller disconnects.
//!
//! The rest of a partial request is awaited only briefly. A slower caller is handed over to hyper, which
//! enforces all timeouts.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead as _, AsyncWrite as _, AsyncWriteExt as _, ReadBuf};
use tokio::time::{Instant, Sleep, timeout};
use tokio_util::sync::WaitForCancellationFuture;

use crate::server::caller_stream::CallerStream;
use crate::server::fast_path::request::{SimpleRequest, Unsupported, read};
use crate::server::guarded_stream::SEND_TIMEOUT;
use crate::server::hyper_connection::{ConnectionError, HTTP2_PREFACE};

/// How long the rest of a partial request is awaited.
const PARTIAL_REQUEST_TIMEOUT: Duration = Duration::from_secs(1);
/// The most bytes of one read.
const READ_BUFFER_SIZE: usize = 32 << 10;
/// The most bytes read ahead while a request is being answered.
const MAX_READ_AHEAD_BYTES: usize = 64 << 10;

thread_local! {
    /// The read buffer of the thread, used only within one poll.
    static READ_BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BUFFER_SIZE]);
}

/// The connection to a caller.
#[derive(Debug)]
pub(super) struct CallerConnection<'a> {
    stream: &'a mut CallerStream,
    /// Bytes read that belong to no request yet.
    unread: Vec<u8>,
    idle_timeout: Duration,
    /// The number of requests awaited so far, and that number when the timer last expired.
    awaited: u64,
    awaited_at_timer: u64,
}

/// Why no simple request was read.
#[derive(Debug)]
pub(super) enum NotRead {
    /// The next request is not simple.
    Unsupported,
    /// The caller has closed the connection, or the server is stopping.
    End,
    Failed(ConnectionError),
}

// ===== impl CallerConnection =====

impl<'a> CallerConnection<'a> {
    pub(super) fn new(stream: &'a mut CallerStream, idle_timeout: Duration) -> Self {
        Self { stream, unread: Vec::new(), idle_timeout, awaited: 0, awaited_at_timer: 1 }
    }

    /// The bytes read that belong to no answered request.
    pub(super) fn into_unread(self) -> Bytes {
        self.unread.into()
    }

    /// Reads the next request. `timer` is shared by all requests of the connection and reset only when it
    /// expires.
    pub(super) async fn read(
        &mut self,
        mut timer: Pin<&mut Sleep>,
        mut stopped: Pin<&mut WaitForCancellationFuture<'_>>,
    ) -> Result<SimpleRequest, NotRead> {
        self.awaited += 1;
        // Bytes that were read ahead.
        if !self.unread.is_empty()
            && let Some(plain) = take(&mut self.unread, &[])?
        {
            return Ok(plain);
        }
        poll_fn(|context| {
            loop {
                let was_idle = self.unread.is_empty();
                let Self { stream, unread, .. } = self;
                let taken = poll_read(stream, context, |bytes| match bytes {
                    [] if unread.is_empty() => Err(NotRead::End),
                    [] => Err(NotRead::Unsupported),
                    bytes => take(unread, bytes),
                });
                match taken? {
                    Poll::Ready(Ok(Some(simple))) => return Poll::Ready(Ok(simple)),
                    Poll::Ready(Ok(None)) if was_idle => {
                        timer.as_mut().reset(Instant::now() + PARTIAL_REQUEST_TIMEOUT.min(self.idle_timeout));
                    }
                    Poll::Ready(Ok(None)) => {}
                    Poll::Ready(Err(not_read)) => return Poll::Ready(Err(not_read)),
                    Poll::Pending => break,
                }
            }
            if stopped.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(NotRead::End));
            }
            while timer.as_mut().poll(context).is_ready() {
                if !self.unread.is_empty() {
                    // hyper handles a partial request. A partial HTTP/2 preface does not show yet which of
                    // hyper's servers to use.
                    let is_preface = HTTP2_PREFACE.starts_with(&self.unread);
                    return Poll::Ready(Err(if is_preface { NotRead::IDLE } else { NotRead::Unsupported }));
                }
                if self.awaited == self.awaited_at_timer {
                    return Poll::Ready(Err(NotRead::IDLE));
                }
                self.awaited_at_timer = self.awaited;
                timer.as_mut().reset(Instant::now() + self.idle_timeout);
            }
            Poll::Pending
        })
        .await
    }

    /// Awaits `future`; `None` if the caller disconnects first.
    pub(super) async fn while_connected<T>(&mut self, mut future: impl Future<Output = T> + Unpin) -> Option<T> {
        poll_fn(|context| {
            if let Poll::Ready(output) = Pin::new(&mut future).poll(context) {
                return Poll::Ready(Some(output));
            }
            while self.unread.len() < MAX_READ_AHEAD_BYTES {
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

    /// Sends all bytes, unless the caller accepts nothing for [`SEND_TIMEOUT`].
    pub(super) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Most responses are sent at once and need no timer.
        let sent = poll_fn(|context| Poll::Ready(self.send_now(context, bytes))).await?;
        let mut rest = &bytes[sent..];
        while !rest.is_empty() {
            let sent = timeout(SEND_TIMEOUT, self.stream.write(rest)).await??;
            if sent == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            rest = &rest[sent..];
        }
        Ok(())
    }

    /// Sends what the socket accepts without waiting, and returns the number of bytes sent.
    pub(super) fn send_now(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> io::Result<usize> {
        match Pin::new(&mut *self.stream).poll_write(context, bytes) {
            Poll::Ready(sent) => sent,
            Poll::Pending => Ok(0),
        }
    }
}

/// Reads available bytes into the buffer of the thread; no bytes mean the end of the connection.
fn poll_read<T>(
    stream: &mut CallerStream,
    context: &mut Context<'_>,
    take: impl FnOnce(&[u8]) -> T,
) -> Poll<io::Result<T>> {
    READ_BUFFER.with_borrow_mut(|buffer| {
        let mut buffer = ReadBuf::new(buffer);
        ready!(Pin::new(stream).poll_read(context, &mut buffer))?;
        Poll::Ready(Ok(take(buffer.filled())))
    })
}

/// Takes the request at the beginning of `unread` followed by `bytes`; `None` if it is incomplete.
fn take(unread: &mut Vec<u8>, bytes: &[u8]) -> Result<Option<SimpleRequest>, NotRead> {
    if unread.is_empty() {
        let taken = read(bytes);
        let length = taken.as_ref().ok().and_then(Option::as_ref).map_or(0, |simple| simple.length);
        unread.extend_from_slice(&bytes[length..]);
        return Ok(taken?);
    }
    unread.extend_from_slice(bytes);
    let taken = read(unread)?;
    unread.drain(..taken.as_ref().map_or(0, |simple| simple.length));
    unread.shrink_to(0); // an idle connection keeps no buffer
    Ok(taken)
}

// ===== impl NotRead =====

impl NotRead {
    const IDLE: Self = Self::Failed(ConnectionError::IdleTimeout);
}

impl From<Unsupported> for NotRead {
    fn from(_: Unsupported) -> Self {
        Self::Unsupported
    }
}

impl From<io::Error> for NotRead {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.into())
    }
}
