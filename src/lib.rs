//! passbridge goes on speaking one identity provider's passkey API while another does the work.

pub mod relying_party;
