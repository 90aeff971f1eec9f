//! What the program generates is in the repository as it generates it, and says the truth.
//!
//! `UPDATE=1 cargo nextest run --test schemas` writes the files anew; without it nothing is written,
//! and a file that is stale is a failure.
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod generated;
mod valid;
