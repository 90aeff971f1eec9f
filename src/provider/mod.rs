//! A provider: an identity vendor's API as one value, compiled from one file.
//!
//! The same value stands on both sides: as the dialect a caller speaks and as the form in which an
//! upstream is called. Nothing here waits, and no provider is known by name.

pub mod compile;
pub mod descriptor;
pub mod faults;
pub mod registry;
pub mod template;
pub mod wire_format;
