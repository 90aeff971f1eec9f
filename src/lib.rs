//! passbridge goes on speaking one identity provider's passkey API while another does the work.

pub mod canonical;
pub mod gateway;
pub mod server;
pub mod upstream;
