//! Routes with several upstreams: who is sent where and why, the same on every replica, and that a step
//! can be taken back.
//!
//! The upstreams are imitated and count what arrives; the gateway is the real program, told of every step
//! by its config alone. Nothing measures time.

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
