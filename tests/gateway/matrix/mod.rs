//! Every dialect before every upstream, over real sockets: the response byte for byte, the upstream
//! request, and every refusal in every envelope.
//!
//! The upstreams are imitated from the providers' documents alone; the gateway is the real program.
//! Nothing measures time: each wait has a bound far above its usual duration.

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
pub(crate) mod pairs;
mod passthrough;
mod refresh;
mod routes;
mod subject;
