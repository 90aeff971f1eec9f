//! Provider files: their documented examples, properties and schemas, and a provider that `src/` does not know.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod contract;
mod expectations;
mod fixture;
mod laws;
mod schema;
mod schemas;
mod sixth_provider;
mod wire;
