//! A provider's message, written as its own example with members in the holes.
//!
//! A template is compiled once and read both ways: [`decode`] puts what stands in the holes into a
//! record, [`encode`] writes a record into the holes. Nothing here does IO or waits, and nothing
//! here knows a provider. What the language cannot say, it refuses at compile time, with the line.

pub mod codec;
pub mod compile;
pub mod content;
pub mod decode;
pub mod encode;
pub mod head;
pub mod hole;
pub mod message;
pub mod places;
pub mod reader;
