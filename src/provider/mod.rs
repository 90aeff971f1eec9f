//! Providers: the passkey API of an identity vendor as one value, compiled from a provider file.
//!
//! The same value is used on both sides: as the dialect of the callers and as the API of an upstream. Nothing here
//! does I/O on the request path, and no provider is known by name. Start reading in `wire_format`.

pub mod compile;
pub mod descriptor;
pub mod faults;
pub mod registry;
pub mod template;
pub mod wire_format;
