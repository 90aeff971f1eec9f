//! Runs the real program in a temporary folder: commands and exit codes, the built-in config, reload, CORS.
//!
//! No test measures time.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod built_in;
mod check;
mod credentials;
mod diagnostics;
mod docs;
mod documents;
mod environment;
mod explain;
mod explain_aside;
mod explain_becomes;
mod explain_why;
mod golden;
mod handles;
mod help;
mod keys;
mod pages;
mod printed;
mod program;
mod reload;
mod translate;
mod unseen;
mod users;
