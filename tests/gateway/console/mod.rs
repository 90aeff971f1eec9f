//! The console of the admin listener: access to it, and what it shows of a request.
//!
//! The gateway is the real program, the upstream an imitated provider. `tests/browser` tests the page in
//! a browser.

mod access;
mod rig;
mod trials;
