//! Verification of the two WebAuthn ceremonies, to the letter of Web Authentication Level 3.
//!
//! [`registration`] is section 7.1, [`assertion`] is section 7.2; [`policy`] holds the steps that both share. Each
//! check carries its step number, and each way to fail is one [`refusal::Refusal`]. Bytes in, a verdict out: nothing
//! here knows JSON envelopes, HTTP, storage or the clock. What needs those is the caller's: to take a challenge once
//! and in time, to look the credential record up, to refuse an id that is registered already (7.1 step 26), to store.
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
pub mod observed;
pub mod policy;
pub mod recovery;
pub mod refusal;
pub mod registration;
