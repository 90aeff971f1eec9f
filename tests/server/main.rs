//! The server and the upstream client over loopback sockets, against peers that misbehave on purpose.
//!
//! No test measures time: waits are bounded by [`rig::within`], far above what they take, and a timeout under
//! test is set to a few milliseconds.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admin;
mod connections;
mod drain;
mod fast_path;
mod framing;
mod http2;
mod late_answers;
mod limits;
mod listeners;
mod logs;
mod passthrough;
mod passthrough_content;
mod passthrough_faults;
mod passthrough_tls;
mod proxy_protocol;
mod rig;
mod signals;
mod toy;
mod upgrade;
mod upstream;
mod upstream_content;
mod upstream_framing;
mod upstream_pool;
mod upstream_retry;
mod upstream_tls;
