//! The gateway: one exchange from the caller's dialect to the upstream's and back.
//!
//! [`plan`] proves the config's routes before anything runs; [`exchange`] runs by that plan. What no
//! operation matches is given back untouched.

pub mod client_data;
pub(crate) mod context;
pub(crate) mod cors;
pub(crate) mod documents;
pub mod handler;
pub(crate) mod id_token;
pub mod limits;
pub mod metrics;
pub mod pipeline;
pub(crate) mod refuse;
pub mod reload;
pub(crate) mod retired_config;
pub(crate) mod serve;
pub mod steps;
pub mod trace;
