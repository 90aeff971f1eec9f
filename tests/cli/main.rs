//! Runs the real program in a temporary folder: commands and exit codes, the built-in config, reload, CORS.
//!
//! No test measures time.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod built_in;
mod check;
mod cors;
mod credentials;
mod diagnostics;
mod docs;
mod documents;
mod environment;
mod explain;
mod explain_member_sources;
mod explain_why;
mod explain_without_upstream;
mod golden;
mod handles;
mod help;
mod keys;
mod printed;
mod program;
mod reload;
mod translate;
mod unknown_ceremonies;
mod users;
