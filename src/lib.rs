//! passbridge goes on speaking one identity provider's passkey API while another does the work.

pub mod canonical;
pub mod ceremony;
pub mod cli;
pub mod config;
pub mod diagnostic;
pub mod document;
pub mod gateway;
pub mod handles;
pub mod identity;
pub mod manual;
pub mod provider;
pub mod relying_party;
pub mod secret;
pub mod server;
pub mod telemetry;
pub mod template;
pub mod upstream;
pub mod within;
