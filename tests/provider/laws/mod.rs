//! What holds for every provider file, message and value: what was written reads back as itself,
//! nothing makes the reader panic, and what breaks a contract is refused with its place.

mod alphabets;
mod arbitrary;
mod edit;
mod refusals;
mod round_trip;
mod routes;
mod survival;
mod tolerance;
