//! The connection of a caller as hyper sees it: every request has passed the [`RequestGuard`].
//!
//! An invalid request is replaced by bytes that hyper refuses with a 400, so that the refusal comes after the
//! responses to the requests before it. When hyper drops the stream while bytes of the caller are unread, it is
//! returned for a lingering close: closing it at once would reset the connection, and the caller would lose the
//! response.

use std::future::Future as _;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep, timeout, timeout_at};

use crate::http1::request_guard::{HeadLimits, RequestGuard};

/// What hyper refuses with a 400.
const INVALID_REQUEST: &[u8] = b"\0\r\n\r\n";
/// The most bytes of one read into the buffer.
const READ_SIZE: usize = 8 << 10;
/// How long the rest of a caller's bytes is read after a response, in total and for one read.
const LINGER_TIMEOUT: Duration = Duration::from_secs(15);
const LINGER_READ_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a caller may accept nothing of a response.
pub(super) const SEND_TIMEOUT: Duration = Duration::from_secs(60);

/// A connection whose requests are checked.
pub(super) struct GuardedStream<S> {
    /// `None` only while it is dropped.
    stream: Option<S>,
    guard: RequestGuard,
    /// Bytes that were not passed on; the first `passable` may be.
    buffer: BytesMut,
    passable: usize,
    is_invalid: bool,
    is_ended: bool,
    is_upgraded: Arc<AtomicBool>,
    unread: Option<oneshot::Sender<S>>,
    /// Set while the caller accepts nothing.
    send_timer: Option<Pin<Box<Sleep>>>,
}

// ===== impl GuardedStream =====

impl<S> GuardedStream<S> {
    /// `begun` are bytes already read from `stream`. Set `is_upgraded` before a 101 is sent. The receiver gets
    /// the stream if it is dropped while bytes of the caller are unread.
    pub(super) fn new(
        begun: &[u8],
        stream: S,
        limits: HeadLimits,
        is_upgraded: Arc<AtomicBool>,
    ) -> (Self, oneshot::Receiver<S>) {
        let (unread, receiver) = oneshot::channel();
        let guarded = Self {
            stream: Some(stream),
            guard: RequestGuard::new(limits),
            buffer: begun.into(),
            passable: 0,
            is_invalid: false,
            is_ended: false,
            is_upgraded,
            unread: Some(unread),
            send_timer: None,
        };
        (guarded, receiver)
    }

    /// Passes on what is in the buffer, as far as it is valid. Returns whether there was anything.
    fn pass_on(&mut self, out: &mut ReadBuf<'_>) -> bool {
        if self.is_invalid {
            return true; // the end, after the replacement
        }
        if self.passable == 0 {
            match self.guard.advance(&self.buffer) {
                Ok(passable) => self.passable = passable,
                Err(error) => {
                    tracing::debug!(%error, "request refused");
                    self.is_invalid = true;
                    out.put_slice(&INVALID_REQUEST[..out.remaining().min(INVALID_REQUEST.len())]);
                    return true;
                }
            }
        }
        let length = self.passable.min(out.remaining());
        out.put_slice(&self.buffer[..length]);
        self.buffer.advance(length);
        self.passable -= length;
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new(); // an idle connection keeps no buffer
        }
        length > 0
    }

    /// Fails if the caller has accepted nothing for the timeout.
    fn unless_stalled(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.send_timer = None;
            return written;
        }
        let timer = self.send_timer.get_or_insert_with(|| Box::pin(sleep(SEND_TIMEOUT)));
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn stream(&mut self) -> Pin<&mut S>
    where
        S: Unpin,
    {
        Pin::new(self.stream.as_mut().expect("it is taken only while it is dropped"))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for GuardedStream<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.is_upgraded.load(Ordering::Relaxed) {
            this.guard.open();
        }
        loop {
            if this.pass_on(out) || this.is_ended {
                return Poll::Ready(Ok(()));
            }
            let fits = this.guard.content_left().is_some_and(|left| out.remaining() as u64 <= left);
            if fits && this.buffer.is_empty() {
                // Content of known length is not copied.
                let before = out.filled().len();
                ready!(this.stream().poll_read(context, out))?;
                let length = out.filled().len() - before;
                this.guard.skip_content(length as u64);
                this.is_ended = length == 0;
                return Poll::Ready(Ok(()));
            }
            let mut space = [MaybeUninit::uninit(); READ_SIZE];
            let mut part = ReadBuf::uninit(&mut space);
            ready!(this.stream().poll_read(context, &mut part))?;
            this.buffer.extend_from_slice(part.filled());
            if part.filled().is_empty() {
                this.is_ended = true;
                this.guard.open(); // hyper reports an incomplete request
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for GuardedStream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = this.stream().poll_write(context, bytes);
        this.unless_stalled(context, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = this.stream().poll_write_vectored(context, parts);
        this.unless_stalled(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream().poll_shutdown(context)
    }
}

impl<S> Drop for GuardedStream<S> {
    fn drop(&mut self) {
        let is_read = self.guard.is_between_requests() && self.buffer.is_empty();
        let is_last = self.is_ended || self.is_upgraded.load(Ordering::Relaxed);
        if !is_read
            && !is_last
            && let (Some(stream), Some(unread)) = (self.stream.take(), self.unread.take())
        {
            let _ = unread.send(stream); // the receiver is gone if the connection was given up
        }
    }
}

/// Reads the rest of what a caller sends, so that it can read the response, and closes the connection. Takes a
/// bounded time (RFC 9112 section 9.6).
pub(super) async fn linger(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let end = Instant::now() + LINGER_TIMEOUT;
    let _ = stream.shutdown().await; // fails if the caller has closed the connection
    let mut dropped = vec![0; 2 * READ_SIZE];
    let read_all = async { while let Ok(Ok(1..)) = timeout(LINGER_READ_TIMEOUT, stream.read(&mut dropped)).await {} };
    let _ = timeout_at(end, read_all).await; // the connection is closed in both cases
}
