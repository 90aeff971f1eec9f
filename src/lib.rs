//! Keeps one identity provider's passkey API working while another provider handles the requests.

pub mod base;
pub mod caller_auth;
pub mod ceremony;
pub mod cli;
pub mod config;
pub mod features;
pub mod gateway;
pub mod identity;
pub mod import_export;
pub mod inspect;
pub mod model;
pub mod policy;
pub mod provider;
pub mod relying_party;
pub mod routes;
pub mod server;
pub mod storage;
pub mod telemetry;
pub mod upstream;
pub mod webauthn;
