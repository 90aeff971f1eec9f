//! A provider that no line of the program and no other test knows: its file, its documents' examples
//! and its schemas stand in this folder, and the config names the folder.
//!
//! The suites of the five providers run over it (`tests/contract`, `tests/laws`), and it stands before
//! and behind each of the five and before the embedded relying party, over real sockets.
#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

#[path = "../contract/faults.rs"]
mod faults;
#[path = "../contract/fixture.rs"]
mod fixture;
#[path = "../contract/messages.rs"]
mod messages;
#[path = "../contract/schema.rs"]
mod schema;
#[path = "../contract/wire.rs"]
mod wire;

#[path = "../laws/alphabets.rs"]
mod alphabets;
#[path = "../laws/arbitrary.rs"]
mod arbitrary;
#[path = "../laws/edit.rs"]
mod edit;
#[path = "../laws/refusals.rs"]
mod refusals;
#[path = "../laws/round_trip.rs"]
mod round_trip;
#[path = "../laws/survival.rs"]
mod survival;
#[path = "../laws/tolerance.rs"]
mod tolerance;

#[path = "../support/mod.rs"]
mod support;

mod as_dialect;
mod as_upstream;
mod ground;
mod imitation;
mod kelpie;
mod with_embedded;
