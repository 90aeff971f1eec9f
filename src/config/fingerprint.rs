//! A short hash that identifies a config in log lines and response headers.
//!
//! Replicas with the same file, environment and lists of pinned users have the same hash. It does not depend on
//! secrets and provider files.

use aws_lc_rs::digest::{Context, SHA256};
use figment::value::Dict;

use crate::routes::Plan;

/// The number of bytes of the hash that are shown.
const SHOWN_BYTES: usize = 4;

/// The hash of file and environment.
pub(super) struct ConfigHash(Context);

impl ConfigHash {
    pub(super) fn of(merged: &Dict) -> Self {
        let mut context = Context::new(&SHA256);
        // The keys are sorted, so that equal configs have equal texts.
        context.update(&serde_json::to_vec(merged).unwrap_or_default());
        Self(context)
    }

    /// The hash with the lists of pinned users.
    pub(super) fn with_pinned_users(mut self, plan: &Plan) -> String {
        for policy in plan.routes.iter().filter_map(|route| route.policy.as_ref()) {
            self.0.update(policy.pinned.fingerprint());
        }
        self.0.finish().as_ref()[..SHOWN_BYTES].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
