//! Settings in environment variables: `PASSBRIDGE__SECTION__KEY=value`.

use std::collections::BTreeMap;

use figment::providers::Env;

/// The prefix of every environment variable that is a setting.
pub(super) const ENVIRONMENT: &str = "PASSBRIDGE__";

/// The keys that environment variables set, each with the name of its variable.
pub(super) fn variables(environment: &Env) -> BTreeMap<String, String> {
    let names = environment.iter().map(|(key, _)| key.as_str().to_lowercase());
    names
        .map(|key| {
            let variable = key.to_uppercase().replace('.', "__");
            (key, format!("environment variable {ENVIRONMENT}{variable}"))
        })
        .collect()
}
