//! The real program over real sockets, in front of imitated providers.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod anomalies;
mod console;
mod identity;
mod listeners;
mod matrix;
mod policies;
