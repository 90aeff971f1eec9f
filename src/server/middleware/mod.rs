//! What wraps every request: request ID, access log, panic handler.
//!
//! They are plain functions; `Application::respond` calls them whenever it polls the request. `docs/decisions.md` says why
//! they are not tower layers.

pub(super) mod access_log;
pub(super) mod catch_panic;
pub(super) mod request_id;
