//! What a request costs, part by part: `cargo bench --bench gateway [-- FILTER]`.
//!
//! Times depend on the machine. `gateway.md` in this directory explains them and has the last measurement.
#![allow(clippy::unwrap_used, reason = "a benchmark stops at an unexpected result")]

#[allow(dead_code, reason = "the benchmarks need a part of it")]
#[path = "../tests/provider/expectations.rs"]
mod expectations;
#[allow(dead_code, reason = "the benchmarks need a part of it")]
#[path = "../tests/provider/fixture.rs"]
mod fixture;
#[allow(dead_code, reason = "the benchmarks need a part of it")]
#[path = "../tests/provider/wire.rs"]
mod wire;

mod ceremonies;
mod digits;
mod exchange;
mod messages;
mod routes;
mod translation;
mod upstream;

criterion::criterion_main!(
    messages::benches,
    translation::benches,
    digits::benches,
    routes::benches,
    ceremonies::benches,
    exchange::benches
);
