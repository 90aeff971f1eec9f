//! Every dialect before every upstream, over real sockets: what the caller is answered, byte for
//! byte, what arrives at the upstream, and every refusal in every envelope.
//!
//! The upstreams are imitated from the providers' documents alone; the gateway is the real program.
//! Nothing measures time: a wait that must end is bounded far above what it takes.

mod banner;
mod callers;
mod decoys;
mod embedded;
mod expected;
mod faults;
mod happy;
mod issuer;
mod learning;
mod metrics;
mod once;
mod options;
mod pairs;
mod passthrough;
mod refresh;
mod routes;
mod subject;
