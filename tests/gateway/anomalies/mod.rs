//! Upstreams that hang, break off, lie and flood; callers that are slow, huge, malformed and odd.
//!
//! Whatever happens, the caller reads its dialect's own envelope (or, where HTTP itself is broken, a
//! clean end), nothing is sent twice, and the next request is served. Nothing measures time: limits
//! under test are a fraction of a second, waits that must end are bounded far above.

mod caller_content;
mod caller_heads;
mod caller_pace;
mod pairs;
mod upstream_content;
mod upstream_finish;
mod upstream_http;
mod upstream_pace;
