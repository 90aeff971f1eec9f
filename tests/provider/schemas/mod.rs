//! Generated files are current and correct.
//!
//! `UPDATE=1 cargo nextest run --test provider` rewrites them; without it, a stale file is a failure.

mod generated;
mod valid;
