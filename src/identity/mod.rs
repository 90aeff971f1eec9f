//! Identity maps: how each side of a route names the other side's users.
//!
//! A map is queried with the names that one side uses and returns those of the other side. An unknown user and a map
//! that cannot be queried are different results, and neither is ever treated as another user. This module knows no
//! routes and no dialects. Start reading in `map`.

mod build;
mod cache;
mod file;
mod fingerprint;
mod http;
pub mod map;
pub mod map_settings;
pub mod names;
mod pooled_query;
mod postgres;
mod query;
mod shared_tables;
mod sqlite;
mod table;
