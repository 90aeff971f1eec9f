//! The types that the hooks of the user handles share.

use std::sync::Arc;

use crate::features::user_handles::Handles;
use crate::features::user_handles::passkey::Passkey;
use crate::model::fault::{Fault, Refusal};
use crate::telemetry::metrics::Metrics;

/// The user handles of a backend's upstream, as its hooks use them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UserHandleHooks<'h> {
    pub(crate) handles: &'h Handles,
    pub(crate) metrics: &'h Metrics,
    pub(crate) upstream: &'h Arc<str>,
    /// Whether the route hides which users exist.
    pub(crate) hides_users: bool,
}

/// The stored state of a request's passkey before the call.
#[derive(Debug)]
pub(crate) enum HandleState {
    /// There is nothing to map: no user handles are stored, or none of this passkey.
    Unmapped,
    /// The upstream gets its own handle of this passkey. Boxed to keep it out of every request future.
    Mapped(Box<Passkey>),
    /// The authenticator returned another handle than the stored one. The upstream is called all the same if an
    /// early refusal would reveal which users exist.
    HandleMismatch,
    /// A new passkey is stored as pending.
    Claimed(i64),
}

impl UserHandleHooks<'_> {
    pub(super) fn count(self, outcome: &'static str) {
        self.metrics.user_handle(self.upstream, outcome);
    }
}

pub(super) fn handle_mismatch() -> Refusal {
    Refusal::new(
        Fault::AssertionRejected,
        "the authenticator's user handle is not the one the passkey was created with",
    )
}
