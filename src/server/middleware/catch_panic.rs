//! Turns a panic into a 500 response, so that a bug affects only its own request.
//!
//! The panic hook reports the panic. A body that panics while it is streamed is not covered: its head has
//! been sent, so the connection is closed.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

use http::{Response, StatusCode};

use crate::server::body::ResponseBody;

pub(in crate::server) async fn catch_panic(
    mut response: Pin<Box<impl Future<Output = Response<ResponseBody>>>>,
) -> Response<ResponseBody> {
    poll_fn(|context| {
        // Unwind safety: the state of the request is dropped with it, and the state it shares with other
        // requests (counters, permits, pools) is valid at every step.
        let polled = catch_unwind(AssertUnwindSafe(|| response.as_mut().poll(context)));
        polled.unwrap_or_else(|_| {
            tracing::error!("request panicked");
            Poll::Ready(ResponseBody::plain(StatusCode::INTERNAL_SERVER_ERROR, "internal error\n"))
        })
    })
    .await
}
