//! The bodies of the edge: what a caller sends, and what it is sent. Neither is boxed.
//!
//! A body that is waited for may not fall silent: whoever keeps a connection open without sending a
//! byte of promised content is an error after a while. Time in which nobody asks does not count.

use std::error::Error;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use crate::server::passthrough::incoming::Streamed;

/// Content in one piece, or as it comes.
#[derive(Debug)]
pub(super) enum EdgeBody<B> {
    /// All of it; emptied when it is taken.
    Whole(Bytes),
    /// It is still coming.
    Streamed(IdleTimeoutBody<B>),
}

/// A body that fails when it is waited for longer than its patience.
#[derive(Debug)]
pub(super) struct IdleTimeoutBody<B> {
    inner: B,
    patience: Duration,
    /// Set while it is waited for; most bodies never are.
    alarm: Option<Pin<Box<Sleep>>>,
}

/// Why the content did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Interrupted {
    /// Nothing came for too long.
    #[error("the sender of the content fell silent")]
    Silent,
    /// The connection was lost, or the content is not framed as promised.
    #[error("the content broke off")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
}

// ===== impl EdgeBody =====

impl<B> EdgeBody<B> {
    /// Content that may fall silent for no longer than `patience`.
    pub(super) fn streamed(content: B, patience: Duration) -> Self {
        Self::Streamed(IdleTimeoutBody { inner: content, patience, alarm: None })
    }
}

impl EdgeBody<Streamed> {
    /// An answer of ours in plain text.
    pub(super) fn plain(status: StatusCode, text: &'static str) -> Response<Self> {
        let mut response = Response::new(Self::Whole(Bytes::from_static(text.as_bytes())));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        response
    }
}

impl<B> Body for EdgeBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Interrupted;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Interrupted>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(mem::take(bytes))))),
            Self::Streamed(body) => Pin::new(body).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Streamed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Streamed(body) => body.size_hint(),
        }
    }
}

// ===== impl Impatient =====

impl<B> Body for IdleTimeoutBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Interrupted;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Interrupted>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(context) {
            self.alarm = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(|error| Interrupted::Broken(error.into()))));
        }
        let patience = self.patience;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(alarm.as_mut().poll(context));
        Poll::Ready(Some(Err(Interrupted::Silent)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
