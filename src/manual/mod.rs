//! How passbridge works and why it is as it is, for those who change it. Nothing here is code.
//!
//! - [`request`]: the life of a request, and which layer knows what
//! - [`templates`]: the laws that every provider file is held to
//! - [`handles`]: passkeys that keep the user handle they were born with
//! - [`moving`]: users sent to several upstreams, step by step and back
//! - [`learning`]: passkeys learned from sign-ins elsewhere, what that means, and the readiness meter
//! - [`credentials`]: passkeys in the forms of others, converted
//! - [`adding_a_provider`]: what a sixth provider takes
//! - [`decisions`]: context, decision, and what would change our mind

pub mod adding_a_provider;
pub mod credentials;
pub mod decisions;
pub mod handles;
pub mod learning;
pub mod moving;
pub mod request;
pub mod templates;
