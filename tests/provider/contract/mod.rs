//! The provider files against the providers' own documents: every example reads, writes back byte
//! for byte, and is valid against a schema that was written without looking at the templates.

mod faults;
mod messages;
mod noticed;
mod quirks;
mod readme;
