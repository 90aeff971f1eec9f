//! Properties of every provider file, message and value: an encoded message decodes as itself, no input makes the
//! decoder panic, and an invalid message is refused with its place.

mod alphabets;
mod arbitrary;
mod edit;
mod refusals;
mod round_trip;
mod routes;
mod survival;
mod tolerance;
