//! # The life of a request
//!
//! Each worker is one thread with its own single-threaded runtime, its own listener on the shared port and
//! its own connections to the upstreams; requests never change threads.
//!
//! | step | where | what can refuse |
//! |---|---|---|
//! | accept, head, limits | [`server`](crate::server) | head too large, too many connections or requests |
//! | find the route | [`gateway::router`](crate::routes::router) | wrong method, unless it passes through |
//! | read the content | [`gateway::content`](crate::gateway::steps::read_content) | too large, too slow |
//! | decode in the dialect | [`provider::exchange`](crate::provider::wire_format) | media type, JSON, contract |
//! | who calls | [`gateway::callers`](crate::caller_auth) | unauthenticated, forbidden |
//! | take the ceremony (finish) | [`ceremony`](crate::ceremony) | challenge unknown, used, old, another user's |
//! | who that is at the upstream | [`identity`](crate::identity) | a user the map does not know, a map that cannot answer |
//! | resolve members | [`gateway::resolve`](crate::gateway::steps::build_upstream_request) | |
//! | encode, call | [`gateway::work`](crate::gateway::steps::call_upstream), [`upstream`](crate::upstream) | a member without a source, no answer in time |
//! | decode the answer | [`provider::exchange`](crate::provider::wire_format) | its fault table, or an answer that breaks its contract |
//! | answer for who is not there (private routes) | [`gateway::decoys`](crate::features::decoys) | a passkey, told like any other wrong one |
//! | prove the subject (login finish) | [`gateway::complete`](crate::gateway::steps::build_response) | another user than the one named |
//! | remember the ceremony (begin) | [`ceremony`](crate::ceremony) | a challenge that is in use |
//! | complete: echo, fill, verify more | [`gateway::complete`](crate::gateway::steps::build_response) | |
//! | encode in the dialect | [`gateway::respond`](crate::gateway::steps::encode_response) | a required member that came from nowhere |
//!
//! A refusal is a value ([`Refusal`](crate::model::fault::Refusal)) with two texts: what the caller reads
//! and what the log reads. Neither holds a value of the request.
//!
//! What no operation matches goes on untouched, also where a path is shared and the content decides.
//!
//! # Layers
//!
//! Imports go downward only: `main`, `cli`, `config` and `server`, `gateway`, `identity`, then `provider`, `upstream`,
//! `relying_party` and `ceremony` side by side, `template`, `canonical`; at the bottom stand the diagnostics,
//! the document reader, the logs, secrets and ranged numbers. Only `server` knows the HTTP server, only `upstream` and
//! the passthrough know the HTTP client, only `config` knows figment, only `relying_party` and `identity` know SQLite,
//! only `identity` knows PostgreSQL, and only `provider` and `template` know what a provider's JSON looks like. A test holds this.
