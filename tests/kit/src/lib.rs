//! What the test binaries share: the gateway as a process, imitated providers, and callers.
//!
//! Nothing here uses the gateway's templates or provider files: a provider's messages come from `schemas/`,
//! `tests/fixtures/` and the tables in this crate.
#![allow(clippy::unwrap_used, missing_docs, reason = "code of tests")]

pub mod caller;
pub mod config;
pub mod contract;
pub mod device;
pub mod fake;
pub mod gateway;
pub mod logs;
pub mod message;
pub mod passkey;
pub mod peer;
pub mod provider;
pub mod rogue;
pub mod signup;
pub mod wire;

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

/// The root of the repository.
pub const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The program under test. Cargo and nextest build it before the tests and set the variable.
pub fn program() -> PathBuf {
    std::env::var_os("CARGO_BIN_EXE_passbridge").expect("run by cargo").into()
}

/// Bounds a wait, so that a defect fails a test instead of hanging it.
pub async fn within<T>(wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("the wait ends in time")
}
