//! Users with different names on both sides: mapped to the upstream, mapped back to the caller, and never
//! confused with another user.
//!
//! The program runs over real sockets; the upstreams are imitated from the providers' documents.

mod cluster;
mod deletion;
mod directory;
mod discoverable;
mod hidden_users;
mod learning;
mod outage;
mod postgres;
mod relay;
mod reload;
mod rig;
mod sources;
mod subject;
mod unmapped_users;
