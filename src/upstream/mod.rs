//! Calls to HTTP upstreams, bounded in time, size and number. Start reading at [`http_upstream`].
//!
//! A response of any status is a success here; everything else is a [`failure::CallFailure`]. A request
//! that may have reached the upstream is never sent again. This module must not know providers, routes or
//! what an operation means. Only this module and the server's passthrough use the HTTP client library.

pub mod admission;
pub mod base_url;
pub mod breaker;
pub(crate) mod client;
mod connection;
mod content;
pub mod default_headers;
pub mod failure;
mod failure_sample;
pub mod fetch;
mod http1;
mod http2;
pub mod http_settings;
pub mod http_upstream;
pub(crate) mod streaming;
mod target;
pub mod tls;
