//! Routes with several upstreams: which one serves a user and why, the same on every replica, and that every step
//! can be reverted.
//!
//! The upstreams are imitated and count requests; the gateway is the real program and changes only by its
//! config. Nothing measures time.

mod cookie;
mod fallback;
mod lists;
mod migration;
mod old_provider;
mod passkeys;
mod rig;
mod rules;
mod shadow;
mod split;
