//! The messages of a passkey API: operations, members, values and faults.
//!
//! A message is a struct whose fields are *members*. Each member has one name, one kind and one meaning in
//! the whole program. This module knows no JSON, no HTTP and no provider. Start reading in `operation`.

pub mod assertion;
pub mod credentials;
pub mod fault;
pub mod member;
pub mod message;
pub mod operation;
pub mod record;
pub mod registration;
pub mod session;
pub mod user_verification;
pub mod value;
