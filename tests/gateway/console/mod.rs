//! The console of the admin listener: who may use it, and what it tells of an exchange.
//!
//! The gateway is the real program, the upstream an imitated provider. What a browser makes of the
//! page is tried in `tests/browser`.

mod fence;
mod rig;
mod trials;
