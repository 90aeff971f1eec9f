//! What the program generates is in the repository as it generates it, and says the truth.
//!
//! `UPDATE=1 cargo nextest run --test provider` writes the files anew; without it nothing is written,
//! and a file that is stale is a failure.

mod generated;
mod valid;
