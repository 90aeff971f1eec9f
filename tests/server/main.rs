//! The edge and the upstream client over real sockets on loopback, against toys that misbehave on purpose.
//!
//! Nothing here measures time: a wait that must end is bounded by [`rig::within`], far above what it
//! takes, and a timeout under test is set to a few milliseconds.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod admin;
mod connections;
mod drain;
mod http2;
mod lean;
mod limits;
mod logs;
mod passthrough;
mod passthrough_content;
mod passthrough_faults;
mod passthrough_tls;
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
