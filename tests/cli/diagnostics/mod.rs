//! The messages about invalid config and provider files, word for word.
//!
//! A case is a file `NAME.toml` in `tests/diagnostics`. Its output and exit code are in `NAME.txt` in the same folder.
//! `UPDATE=1 cargo nextest run --test cli` rewrites the texts; without it a text that differs is a failure.

mod case;
mod config;
mod provider;
mod secrets;
