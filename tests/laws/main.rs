//! What holds for every provider file, message and value: what was written reads back as itself,
//! nothing makes the reader panic, and what breaks a contract is refused with its place.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

#[allow(dead_code, reason = "the laws need a part of it")]
#[path = "../contract/fixture.rs"]
mod fixture;
#[allow(dead_code, reason = "the laws need a part of it")]
#[path = "../contract/ground.rs"]
mod ground;
#[allow(dead_code, reason = "the laws need a part of it")]
#[path = "../contract/wire.rs"]
mod wire;

mod alphabets;
mod arbitrary;
mod edit;
mod refusals;
mod round_trip;
mod routes;
mod survival;
mod tolerance;
