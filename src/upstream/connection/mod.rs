//! Connections to upstreams and passthrough targets: established, checked, kept for the next request.
//!
//! A connection is reused only if nothing can be read from it: bytes that no request asked for would be taken
//! for the response to the next one. Start reading at [`pool`].

pub(super) mod connect;
pub(super) mod pool;
pub(super) mod shared_stream;
pub(super) mod stream;
