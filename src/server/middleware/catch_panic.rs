//! Turns a panic into a 500 response, so that a bug affects only its own request.
//!
//! The panic hook reports the panic. A body that panics while it is streamed is not covered: its head has
//! been sent, so the connection is closed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use http::{Response, StatusCode};

use crate::server::body::ResponseBody;

/// Calls `poll`; the response is a 500 if it panics.
pub(in crate::server) fn catch_panic(
    poll: impl FnOnce() -> Poll<Response<ResponseBody>>,
) -> Poll<Response<ResponseBody>> {
    // Unwind safety: the state of the request is dropped with it, and the state it shares with other
    // requests (counters, permits, pools) is valid at every step.
    catch_unwind(AssertUnwindSafe(poll)).unwrap_or_else(|_| {
        tracing::error!("request panicked");
        Poll::Ready(ResponseBody::plain(StatusCode::INTERNAL_SERVER_ERROR, "internal error\n"))
    })
}
