//! The program's commands and exit codes, its built-in config, reloads, and its responses to browsers.
//!
//! Every test runs the real program in its own folder. Nothing measures time.
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
