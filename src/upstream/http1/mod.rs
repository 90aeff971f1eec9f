//! The HTTP/1.1 client of one upstream: one call at a time over a pooled connection.
//!
//! It has no proxies, redirects, cookies, pipelining or upgrades, and starts no task per connection:
//! dropping a call closes its connection. [`crate::http1`] parses the responses and refuses every response
//! whose end is ambiguous, because the next response on the connection would begin there.

mod buffers;
pub(super) mod client;
mod request_writer;
