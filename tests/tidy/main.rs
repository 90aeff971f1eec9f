//! The layout rules of the repository, held by reading its files.
//!
//! A rule that a file breaks is told with the file, the line and the rule. There is no list of
//! exceptions: a rule that cannot be kept is changed here and in `docs/decisions.md`, for every file.
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod files;
mod functions;
mod rust;
mod words;
