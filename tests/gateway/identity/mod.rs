//! A user whom the two sides name differently: told to the upstream by its name, answered to the caller
//! by theirs, and never taken for somebody else.
//!
//! Over real sockets, with the real program; the upstreams are imitated from the providers' documents.

mod cluster;
mod deletion;
mod directory;
mod discoverable;
mod learning;
mod outage;
mod postgres;
mod private;
mod relay;
mod reload;
mod rig;
mod sources;
mod strangers;
mod subject;
