//! The embedded relying party's verification against the work of others: the specification's own test vectors,
//! Wycheproof, and an independent authenticator; and against every step that can refuse.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop, also in what tests share")]

mod authenticator;
mod case;
mod level3;
mod refusals;
mod wycheproof;
