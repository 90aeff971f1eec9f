//! Closes an HTTP/2 connection that sends many frames and few requests.
//!
//! WINDOW_UPDATE, PRIORITY, SETTINGS, PING, RST_STREAM and empty frames cost the caller nothing and the server a
//! look-up or an answer each. The HTTP/2 library limits some of them. Here, every frame that is neither a
//! request nor content costs one unit of a budget, which requests, received responses and time refill.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// The preface of a connection, before its first frame (RFC 9113 section 3.4).
const PREFACE_BYTES: usize = 24;
/// The length of a frame's head.
const HEAD_BYTES: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const END_STREAM: u8 = 1;

/// The units of a new connection, and the most that it saves up.
const MAX_UNITS: i64 = 10_000;
const FIRST_UNITS: i64 = 1_000;
const UNITS_OF_REQUEST: i64 = 20;
/// A caller may acknowledge a response in pieces of this size.
const SENT_BYTES_OF_UNIT: i64 = 512;
const UNITS_OF_SECOND: i64 = 20;

/// An HTTP/2 connection whose frames are counted.
#[derive(Debug)]
pub(super) struct FrameBudget<S> {
    stream: S,
    /// The bytes to skip before the next head.
    skipped: usize,
    head: [u8; HEAD_BYTES],
    head_length: usize,
    units: i64,
    sent: i64,
    refilled: Instant,
}

// ===== impl FrameBudget =====

impl<S> FrameBudget<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            skipped: PREFACE_BYTES,
            head: [0; HEAD_BYTES],
            head_length: 0,
            units: FIRST_UNITS,
            sent: 0,
            refilled: Instant::now(),
        }
    }

    /// Counts the frames in `bytes`. Returns whether the connection may continue.
    fn count(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            if self.skipped > 0 {
                let length = self.skipped.min(bytes.len());
                self.skipped -= length;
                bytes = &bytes[length..];
                continue;
            }
            let length = (HEAD_BYTES - self.head_length).min(bytes.len());
            self.head[self.head_length..][..length].copy_from_slice(&bytes[..length]);
            self.head_length += length;
            bytes = &bytes[length..];
            if self.head_length < HEAD_BYTES {
                break;
            }
            self.head_length = 0;
            let [high, middle, low, kind, flags, ..] = self.head;
            self.skipped = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
            match kind {
                HEADERS => self.refill(UNITS_OF_REQUEST),
                DATA if self.skipped > 0 || flags & END_STREAM != 0 => {}
                _ => self.units -= 1,
            }
            if self.units < 0 && !self.refill_over_time() {
                return false;
            }
        }
        true
    }

    fn refill(&mut self, units: i64) {
        self.units = self.units.saturating_add(units).min(MAX_UNITS);
    }

    /// The clock is read only when the budget is used up.
    fn refill_over_time(&mut self) -> bool {
        let now = Instant::now();
        let elapsed = i64::try_from((now - self.refilled).as_millis()).unwrap_or(i64::MAX);
        self.refilled = now;
        self.refill(elapsed.saturating_mul(UNITS_OF_SECOND) / 1_000);
        self.units >= 0
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FrameBudget<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        if this.count(&buffer.filled()[before..]) {
            return Poll::Ready(Ok(()));
        }
        tracing::debug!("HTTP/2 connection sends many frames and few requests");
        Poll::Ready(Err(io::Error::other("too many frames without requests")))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FrameBudget<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let sent = ready!(Pin::new(&mut this.stream).poll_write(context, bytes))?;
        this.sent += i64::try_from(sent).unwrap_or(i64::MAX);
        this.refill(this.sent / SENT_BYTES_OF_UNIT);
        this.sent %= SENT_BYTES_OF_UNIT;
        Poll::Ready(Ok(sent))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW_UPDATE: [u8; 13] = [0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    const PING: [u8; 17] = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
    const REQUEST: [u8; 10] = [0, 0, 1, HEADERS, 5, 0, 0, 0, 1, 0x82];
    const EMPTY_DATA: [u8; 9] = [0, 0, 0, DATA, 0, 0, 0, 0, 1];

    fn budget() -> FrameBudget<()> {
        let mut budget = FrameBudget::new(());
        assert!(budget.count(&[0; PREFACE_BYTES]));
        budget
    }

    fn units(count: i64) -> usize {
        usize::try_from(count).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn frames_without_requests_use_the_budget_up() {
        for frame in [&WINDOW_UPDATE[..], &PING, &EMPTY_DATA] {
            let mut budget = budget();
            assert!(budget.count(&frame.repeat(units(FIRST_UNITS))));
            assert!(!budget.count(frame));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn frames_are_counted_however_they_are_split() {
        let mut budget = budget();
        for byte in PING.repeat(units(FIRST_UNITS)) {
            assert!(budget.count(&[byte]));
        }
        assert!(!budget.count(&PING));
    }

    #[tokio::test(start_paused = true)]
    async fn requests_and_time_refill_the_budget() {
        let mut budget = budget();
        for _ in 0..1_000 {
            assert!(budget.count(&[&REQUEST[..], &WINDOW_UPDATE.repeat(10)].concat()));
        }
        for _ in 0..1_000 {
            budget.units = 0;
            tokio::time::advance(std::time::Duration::from_secs(1)).await;
            assert!(budget.count(&PING.repeat(units(UNITS_OF_SECOND))));
        }
    }
}
