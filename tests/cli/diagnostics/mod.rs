//! The messages about invalid config and provider files, word for word.
//!
//! A case is a file `NAME.toml` in `tests/diagnostics`, and beside it `NAME.txt` with the output and the exit code.
//! `UPDATE=1 cargo nextest run --test cli` rewrites the texts; without it a text that differs is a failure.

mod case;
mod config;
mod provider;
mod secrets;
