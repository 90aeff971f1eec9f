//! The program as people run it: its commands and their exit codes, the config that travels inside it,
//! loading a config anew, and what it says to browsers.
//!
//! Everything is the real program in a folder of its own. Nothing measures time.
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

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
