//! What suites over real sockets share: the gateway as a process of its own, providers that are
//! imitated, and a caller.
//!
//! Nothing in here uses the gateway's templates or provider files: what a provider says and takes
//! comes from `schemas/`, `tests/fixtures/` and the hand-written tables beside this file.
#![allow(dead_code, reason = "each suite uses a part of it")]

pub(crate) mod caller;
pub(crate) mod config;
pub(crate) mod contract;
pub(crate) mod device;
pub(crate) mod fake;
pub(crate) mod gateway;
pub(crate) mod logs;
pub(crate) mod message;
pub(crate) mod passkey;
pub(crate) mod provider;
pub(crate) mod rogue;
pub(crate) mod signup;
pub(crate) mod wire;

use std::future::Future;
use std::time::Duration;

/// Bounds a wait that must end, so that what is broken fails a test instead of hanging it.
pub(crate) async fn within<T>(wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("this should long have happened")
}
