//! The lean way to an upstream: one HTTP/1.1 exchange over a kept connection, and nothing else.
//!
//! No proxy, redirect, cookie, decompression, pipelining or upgrade; what leaves is what was written,
//! once, in one piece. An exchange is polled by whoever wants its answer: there is no task a
//! connection, and giving up in the middle closes it. What an answer may look like is told in
//! [`answer`], which does no IO; whatever RFC 9112 leaves in doubt about where an answer ends is
//! refused, for the next answer would begin there.

pub mod answer;
mod chunked;
pub(super) mod client;
mod connect;
mod framing;
mod head;
pub mod malformed;
mod pool;
mod request;
mod stream;
pub(crate) mod tls;
