//! The console of the admin listener: who may use it, and what it tells of an exchange.
//!
//! The gateway is the real program, the upstream an imitated provider. What a browser makes of the
//! page is tried in `tests/browser`.
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "../support/mod.rs"]
mod support;

mod fence;
mod rig;
mod trials;
