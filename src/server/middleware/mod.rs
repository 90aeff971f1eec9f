//! Middleware around every request: request ID, access log, panic handler.
//!
//! They are plain functions, which `Application::respond` calls whenever it polls the request. `docs/decisions.md`
//! explains why they are not tower layers.

pub(super) mod access_log;
pub(super) mod catch_panic;
pub(super) mod request_id;
