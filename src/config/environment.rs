//! Settings that come from the environment: `PASSBRIDGE__SECTION__KEY=value`.

use std::collections::BTreeMap;

use figment::providers::Env;

use crate::config::load::ENVIRONMENT;

/// The settings that the environment gives, by key, each with the name of its variable.
pub(super) fn variables(environment: &Env) -> BTreeMap<String, String> {
    let names = environment.iter().map(|(key, _)| key.as_str().to_lowercase());
    names
        .map(|key| {
            let variable = key.to_uppercase().replace('.', "__");
            (key, format!("environment variable {ENVIRONMENT}{variable}"))
        })
        .collect()
}
