//! The embedded upstream: passbridge's own WebAuthn relying party.

pub mod webauthn;
