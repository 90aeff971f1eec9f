//! Message templates: a provider's message with placeholders for members.
//!
//! A template is compiled once and used in both directions: [`decode`] reads the values of the placeholders into a
//! record, [`encode`] writes a record into them. Nothing here does I/O or knows a provider. Anything the template
//! language does not support is rejected at compile time, with its line.

pub mod codec;
pub mod compile;
pub mod content;
pub mod decode;
pub mod decode_context;
pub mod encode;
pub mod head;

pub mod message;
pub mod placeholder;
pub mod places;
