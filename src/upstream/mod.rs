//! The HTTP upstreams: one call out, bounded in time, size and number, and never sent twice by luck.
//!
//! What can go wrong with a call is [`failure::CallFailure`]; an answer of any status is an answer.
//! Every address, timeout and limit is a value that was checked when the config was read. This and
//! the server's passthrough are the only modules that know the HTTP client.

pub mod admission;
pub mod authorities;
pub mod base_url;
pub mod breaker;
pub mod client;
mod content;
pub mod default_headers;
pub mod failure;
pub mod fetch;
pub mod header_filter;
pub mod http1;
mod http2;
pub mod http_upstream;
pub mod settings;
mod target;
