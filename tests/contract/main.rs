//! The provider files against the providers' own documents: every example reads, writes back byte
//! for byte, and is valid against a schema that was written without looking at the templates.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod faults;
mod fixture;
mod ground;
mod messages;
mod noticed;
mod quirks;
mod readme;
mod schema;
mod wire;
