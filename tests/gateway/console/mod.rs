//! The console of the admin listener: access to it, and what it shows of a request.
//!
//! The gateway is the real program, the upstream an imitated provider. What a browser makes of the
//! page is tried in `tests/browser`.

mod fence;
mod rig;
mod trials;
