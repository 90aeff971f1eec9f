//! The content of a request on its way to a target, and whether it still moves.
//!
//! A target's time to answer is counted from the last of the content it took: a long upload is no
//! slow target.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::sleep;

use crate::gateway::handler::Content;
use crate::server::body::EdgeBody;

/// How many frames of content were taken so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<AtomicU64>);

/// A caller's content as it is streamed on.
struct Outgoing<B> {
    inner: B,
    progress: Progress,
}

// ===== impl Progress =====

impl Progress {
    /// The body that streams `content` and reports here. `None` for none.
    pub(super) fn body(&self, content: Content<EdgeBody<Incoming>>) -> Option<reqwest::Body> {
        match content {
            Content::Read(bytes) => (!bytes.is_empty()).then(|| bytes.into()),
            Content::Unread(body) if body.is_end_stream() => None,
            Content::Unread(inner) => Some(reqwest::Body::wrap(Outgoing { inner, progress: self.clone() })),
        }
    }

    /// Waits for `answer`; `None` once nothing has moved for `patience`.
    pub(super) async fn wait<T>(&self, answer: impl Future<Output = T>, patience: Duration) -> Option<T> {
        let mut answer = pin!(answer);
        loop {
            let seen = self.0.load(Ordering::Relaxed);
            tokio::select! {
                biased;
                answer = answer.as_mut() => return Some(answer),
                () = sleep(patience) => {
                    if self.0.load(Ordering::Relaxed) == seen {
                        return None;
                    }
                }
            }
        }
    }
}

// ===== impl Outgoing =====

impl<B: Body<Data = Bytes> + Unpin> Body for Outgoing<B> {
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

    const PATIENCE: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_waited_for_as_long_as_content_moves() {
        let progress = Progress::default();
        let upload = async {
            for _ in 0..10 {
                sleep(PATIENCE / 2).await;
                let inner = Full::new(Bytes::from_static(b"a"));
                Outgoing { inner, progress: progress.clone() }.collect().await.unwrap();
            }
            "answer"
        };
        assert_eq!(progress.wait(upload, PATIENCE).await, Some("answer"));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_not_waited_for_once_nothing_moves() {
        let begun = Instant::now();
        assert_eq!(Progress::default().wait(pending::<()>(), PATIENCE).await, None);
        assert_eq!(begun.elapsed(), PATIENCE);
    }
}
