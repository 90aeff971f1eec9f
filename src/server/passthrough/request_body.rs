//! The content of a request as it is sent to a target.
//!
//! The target's response timeout begins after the last content it has received, so that a long upload is
//! not mistaken for a slow target.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::sleep;

use crate::gateway::handler::Content;
use crate::server::body::RequestBody;
use crate::server::pace::PaceLimits;

/// The number of frames sent so far.
#[derive(Clone, Debug, Default)]
pub(super) struct UploadProgress(Arc<AtomicU64>);

/// A body that reports its progress.
#[derive(Debug)]
pub(super) struct TrackedBody<B> {
    inner: B,
    progress: UploadProgress,
}

// ===== impl UploadProgress =====

impl UploadProgress {
    /// A body that sends `content` and reports here.
    pub(super) fn body(&self, content: Content<RequestBody>, pace: PaceLimits) -> TrackedBody<RequestBody> {
        let mut inner = match content {
            Content::Read(bytes) => RequestBody::Whole(bytes),
            Content::Unread(body) => body,
        };
        inner.limit_pace(pace);
        TrackedBody { inner, progress: self.clone() }
    }

    /// Awaits `response`; `None` if neither it nor any progress arrives within `timeout`.
    pub(super) async fn wait<T>(&self, response: impl Future<Output = T>, timeout: Duration) -> Option<T> {
        let mut response = pin!(response);
        loop {
            let before = self.0.load(Ordering::Relaxed);
            tokio::select! {
                biased;
                response = response.as_mut() => return Some(response),
                () = sleep(timeout) => {
                    if self.0.load(Ordering::Relaxed) == before {
                        return None;
                    }
                }
            }
        }
    }
}

// ===== impl TrackedBody =====

impl<B: Body<Data = Bytes> + Unpin> Body for TrackedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        self.progress.0.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use http_body_util::{BodyExt, Full};
    use tokio::time::Instant;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn the_timeout_restarts_with_every_frame_sent() {
        let progress = UploadProgress::default();
        let upload = async {
            for _ in 0..10 {
                sleep(TIMEOUT / 2).await;
                let inner = Full::new(Bytes::from_static(b"a"));
                TrackedBody { inner, progress: progress.clone() }.collect().await.unwrap();
            }
            "response"
        };
        assert_eq!(progress.wait(upload, TIMEOUT).await, Some("response"));
    }

    #[tokio::test(start_paused = true)]
    async fn without_progress_the_wait_times_out() {
        let begun = Instant::now();
        assert_eq!(UploadProgress::default().wait(pending::<()>(), TIMEOUT).await, None);
        assert_eq!(begun.elapsed(), TIMEOUT);
    }
}
