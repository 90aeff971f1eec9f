//! `[gateway]`: the secret that every replica shares.

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::base::diagnostic::Diagnostic;
use crate::base::document::Places;
use crate::base::hash_key::{HashSecret, MIN_SECRET_BYTES, TooShort};
use crate::base::secret::SecretReference;

/// Settings that must be the same on every replica.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct GatewaySettings {
    /// The key of the hash that assigns users to the parts of a split, as `env:NAME` or `file:PATH`: at least
    /// 32 bytes, the same on every replica. Changing it reassigns every user. Required by `split` and by
    /// `enumeration = "hidden"`.
    pub(super) hash_key: Option<SecretReference>,
}

impl GatewaySettings {
    /// The secret, where the config names one, and what is wrong with it.
    ///
    /// An invalid secret has a stand-in, so that what needs a secret does not report a missing one: a config with an
    /// error is never run.
    pub(super) fn hash_secret(&self, base: &Path, places: &Places) -> (Option<HashSecret>, Option<Diagnostic>) {
        let Some(reference) = &self.hash_key else { return (None, None) };
        let found = reference.resolve(base).and_then(|secret| {
            HashSecret::new(secret).map_err(|TooShort| format!("{reference} is shorter than {MIN_SECRET_BYTES} bytes"))
        });
        let problem = match found {
            Ok(secret) => return (Some(secret), None),
            Err(problem) => problem,
        };
        let finding = Diagnostic::error(format!("the hash key cannot be used: {problem}")).label("this reference");
        let remedy = format!("{}; `openssl rand -base64 48` generates one", reference.remedy());
        (stand_in(), Some(places.locate(finding.remedy(remedy), "gateway.hash_key")))
    }
}

/// A secret for a config that has an error and is only checked.
pub(super) fn stand_in() -> Option<HashSecret> {
    HashSecret::new("-".repeat(MIN_SECRET_BYTES).into()).ok()
}
