//! What a user reads about a bad config and a bad provider file, word for word.
//!
//! A case is a file `NAME.toml` that somebody might have written, and beside it `NAME.txt`: what the
//! program says and the code it ends with. `UPDATE=1 cargo nextest run --test cli` writes the
//! texts anew, to be read before they are committed; without it a text that differs is a failure.

mod case;
mod config;
mod provider;
mod secrets;
