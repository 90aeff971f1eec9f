//! The content of a target's answer on its way to the caller.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};

use crate::server::body::EdgeBody;

/// What a target sends, as it comes. The client's type is known to this module alone.
#[derive(Debug)]
pub(in crate::server) struct Streamed(reqwest::Body);

impl Streamed {
    /// The content of `answer`, which may fall silent for no longer than `patience`.
    pub(super) fn of(answer: reqwest::Response, patience: Duration) -> EdgeBody<Self> {
        EdgeBody::streamed(Self(Response::<reqwest::Body>::from(answer).into_body()), patience)
    }
}

impl Body for Streamed {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, reqwest::Error>>> {
        Pin::new(&mut self.0).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
