//! HTTP/1.1 messages as bytes (RFC 9112): heads, framing and chunked content, without I/O.
//!
//! The fast path of the server and the HTTP/1.1 client of the upstreams share this module. It must not
//! know connections, the config or providers. Start reading at [`response_reader`] and `request_guard`.

pub(crate) mod chunked;
pub(crate) mod field;
pub(crate) mod framing;
pub mod header_filter;
pub mod invalid_message;
mod limits;
pub(crate) mod request_guard;
pub(crate) mod request_rules;
pub(crate) mod response_head;
pub mod response_reader;
#[cfg(test)]
mod ureq_oracle;
