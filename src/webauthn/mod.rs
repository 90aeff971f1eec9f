//! Verification of the two WebAuthn ceremonies, by Web Authentication Level 3.
//!
//! [`registration`] is section 7.1, [`assertion`] is section 7.2, and [`policy`] has the steps that both share. Each
//! check has its step number, and each failed step is one [`error::VerificationError`]. This module must not know JSON
//! envelopes, HTTP, storage or the clock. The caller takes a challenge once and before it expires, reads and writes the
//! credential record, and refuses an id that is registered already (7.1 step 26).
//!
//! Step numbers are those of the Candidate Recommendation of 26 May 2026, <https://www.w3.org/TR/webauthn-3/>.

pub mod algorithm;
pub mod assertion;
pub mod authenticator_data;
mod cbor;
pub mod client_data;
pub mod cose_key;
mod cose_parameters;
pub mod credential_record;
pub mod error;
pub mod observed;
pub mod policy;
pub mod recovery;
pub mod registration;
