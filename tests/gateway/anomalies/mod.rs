//! Upstreams that hang, disconnect and send invalid or endless data; callers that are slow, oversized, malformed and
//! unusual.
//!
//! In every case the caller gets its dialect's envelope (or a clean close where HTTP itself is broken), nothing is
//! sent twice, and the next request is served. Nothing measures time: limits under test are a fraction of a
//! second, and waits have a far higher bound.

mod caller_content;
mod caller_heads;
mod caller_pace;
mod noisy_neighbour;
mod pairs;
mod upstream_content;
mod upstream_finish;
mod upstream_http;
mod upstream_pace;
