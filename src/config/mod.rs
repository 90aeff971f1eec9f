//! The config: a TOML file and the environment, read into typed settings with every mistake at once.
//!
//! The environment wins: `PASSBRIDGE__ROUTES__IOS_APP__UPSTREAM=new` stands for `upstream = "new"` in
//! `[routes.ios_app]`. A key nobody knows is an error. Secrets are never read here, only where they are.

mod authorities;
mod collect;
mod deployment;
mod environment;
mod fingerprint;
mod hash_key;
mod identity;
pub mod load;
mod renamed;
pub mod schema;
mod secrets;
mod source;
mod upstreams;
