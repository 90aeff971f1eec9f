//! WebAuthn verification against the specification's test vectors, Wycheproof and an independent authenticator, and
//! every step that can refuse.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod authenticator;
mod case;
mod level3;
mod refusals;
mod wycheproof;
