//! The config: a TOML file and environment variables, read into typed settings. Every mistake is reported at once.
//!
//! The environment wins: `PASSBRIDGE__ROUTES__IOS_APP__UPSTREAM=new` overrides `upstream` in `[routes.ios_app]`. An
//! unknown key is an error. The config only refers to secrets and never contains them. Start with [`load`].

mod authorities;
mod client_limits;
mod deployment;
mod environment;
mod expected;
mod fingerprint;
mod gateway_settings;
mod identity;
pub mod load;
mod reader;
mod renamed;
pub mod schema;
mod secrets;
mod source;
mod upstreams;
