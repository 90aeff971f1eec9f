//! The secret of `[gateway]`, resolved. One that cannot be had is told of with its place.

use std::path::Path;

use crate::base::diagnostic::Diagnostic;
use crate::base::document::Places;
use crate::base::hash_key::{GatewaySettings, HashSecret, SHORTEST, TooShort};

/// The secret, where the config names one, and what is wrong with it.
///
/// A wrong one has a stand-in, so that what needs a secret does not miss it as well: such a config is
/// never run.
pub(super) fn find(
    settings: &GatewaySettings,
    base: &Path,
    places: &Places,
) -> (Option<HashSecret>, Option<Diagnostic>) {
    let Some(reference) = &settings.hash_key else { return (None, None) };
    let found = reference.resolve(base).and_then(|secret| {
        HashSecret::new(secret).map_err(|TooShort| format!("{reference} is shorter than {SHORTEST} bytes"))
    });
    let problem = match found {
        Ok(secret) => return (Some(secret), None),
        Err(problem) => problem,
    };
    let finding = Diagnostic::error(format!("the hash key cannot be used: {problem}")).label("this reference");
    let remedy = format!("{}; `openssl rand -base64 48` makes one", reference.remedy());
    let stand_in = HashSecret::new("-".repeat(SHORTEST).into()).ok();
    (stand_in, Some(places.locate(finding.remedy(remedy), "gateway.hash_key")))
}
