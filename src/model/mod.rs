//! What a passkey ceremony is: operations, messages, members and faults.
//!
//! Nothing here knows JSON, HTTP or a provider. A message is a typed struct whose fields are
//! *members*; every member has one name, one kind and one meaning in the whole program.

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
