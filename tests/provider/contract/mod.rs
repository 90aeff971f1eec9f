//! Provider files against the providers' own documents: every example decodes, encodes byte for byte, and matches
//! a schema that was written independently of the templates.

mod faults;
mod messages;
mod quirks;
mod readme;
mod self_test;
