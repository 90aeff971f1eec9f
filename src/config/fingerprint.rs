//! A short hash of what a config says, by which people and log lines tell one from another.
//!
//! Two replicas with the same file, environment and lists have the same one. The secrets it refers to and
//! the provider files are not in it.

use aws_lc_rs::digest::{Context, SHA256};
use figment::value::Dict;

use crate::routes::Plan;

/// So many bytes of the hash are shown, as two digits each.
const SHOWN: usize = 4;

/// What file and environment say, hashed.
pub(super) struct Written(Context);

impl Written {
    pub(super) fn of(merged: &Dict) -> Self {
        let mut context = Context::new(&SHA256);
        // Its own text names every key and value in a fixed order; one that cannot be written hashes as none.
        context.update(&serde_json::to_vec(merged).unwrap_or_default());
        Self(context)
    }

    /// The hash, with what stands in the lists.
    pub(super) fn with_lists(mut self, plan: &Plan) -> String {
        for policy in plan.routes.iter().filter_map(|route| route.policy.as_ref()) {
            self.0.update(policy.pinned.fingerprint());
        }
        self.0.finish().as_ref()[..SHOWN].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
