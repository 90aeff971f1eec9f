//! The gateway: one exchange from the caller's dialect to the upstream's and back.

pub mod assign;
pub mod outcome;
pub mod settings;
