//! Reading `[upstreams]`: a provider over HTTP, or the embedded relying party.

use std::collections::BTreeMap;
use std::path::PathBuf;

use figment::value::{Dict, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::base::diagnostic::Diagnostic;
use crate::base::similar_name::{did_you_mean, nearest};
use crate::config::reader::Reader;
use crate::provider::registry::Registry;
use crate::routes::compile::input::UpstreamSettings;
use crate::routes::route_settings::Assignments;
use crate::upstream::base_url::BaseUrl;
use crate::upstream::http_settings::HttpSettings;

/// The provider of an upstream that is the embedded relying party.
const EMBEDDED: &str = "embedded";

/// The keys that an upstream of either kind has.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct UpstreamUserSettings {
    /// The name of the identity map that maps the callers' users to the users of this upstream. Default: both sides
    /// use the same names.
    identity: Option<String>,
    /// The SQLite file that keeps the user handles of the upstream's passkeys, by credential id; created when
    /// missing. A relative path starts at the folder of the config. Default: none, and user handles are forwarded
    /// unchanged.
    handles: Option<PathBuf>,
}

/// The keys of an HTTP upstream that are about its provider.
#[derive(Deserialize, JsonSchema)]
pub(super) struct ProviderSettings {
    /// The URL that the paths of the provider's API follow.
    base_url: BaseUrl,
    /// Members of every request to this upstream: constants, `env:NAME` or `file:PATH`, or `{member}` for a member of
    /// the caller's request.
    #[serde(default)]
    set: Assignments,
    /// Whether the upstream's credentials are discoverable; `false` refuses dialects that cannot list them.
    discoverable: Option<bool>,
}

impl Reader<'_> {
    /// Reads the upstreams. One that cannot be read is in the mistakes.
    pub(super) fn upstreams(
        &mut self,
        value: Option<Value>,
        registry: &Registry,
    ) -> BTreeMap<String, UpstreamSettings> {
        let mut upstreams = BTreeMap::new();
        for (name, table) in self.tables("upstreams", value) {
            match self.upstream(&name, table, registry) {
                Some(settings) => drop(upstreams.insert(name, settings)),
                None => drop(self.mistakes.insert(format!("upstreams.{name}"))),
            }
        }
        upstreams
    }

    fn upstream(&mut self, name: &str, mut table: Dict, registry: &Registry) -> Option<UpstreamSettings> {
        let path = ["upstreams", name];
        let provider: Option<String> = match table.remove("provider") {
            Some(provider) => self.read(&["upstreams", name, "provider"], provider),
            None => {
                let remedy = "write `provider = \"embedded\"`, or the id of a provider that `passbridge matrix` lists";
                self.missing_key(&["upstreams", name, "provider"], Some(remedy));
                self.mistakes.insert(format!("upstreams.{name}.provider"));
                None
            }
        };
        let is_embedded = match &provider {
            Some(provider) if provider == EMBEDDED || registry.provider(provider).is_some() => provider == EMBEDDED,
            Some(provider) => self.unknown_provider(name, provider, registry),
            // The other keys are checked as those of the kind of upstream that they belong to.
            None if table.contains_key("base_url") => false,
            None if table.contains_key("rp_id") => true,
            None => return None,
        };
        let users: UpstreamUserSettings = self.read(&path, take(&mut table, &["identity", "handles"]))?;
        self.identities.named.extend(users.identity.map(|map| (name.to_owned(), map)));
        self.identities.handles.extend(users.handles.map(|file| (name.to_owned(), file)));
        if is_embedded {
            return self.read(&path, Value::from(table)).map(UpstreamSettings::Embedded);
        }
        let own = take(&mut table, &["base_url", "set", "discoverable"]);
        let http: Option<HttpSettings> = self.read(&path, Value::from(table));
        let ProviderSettings { base_url, set, discoverable } = self.read(&path, own)?;
        let http =
            http.map(|http| HttpSettings { ca_file: self.authorities(http.ca_file, &path.join(".")), ..http })?;
        Some(UpstreamSettings::Http { provider: provider.unwrap_or_default(), base_url, http, set, discoverable })
    }

    /// Reports a provider that does not exist. Returns whether `embedded` is meant.
    fn unknown_provider(&mut self, upstream: &str, provider: &str, registry: &Registry) -> bool {
        let known = || [EMBEDDED].into_iter().chain(registry.names());
        let key = format!("upstreams.{upstream}.provider");
        let finding = Diagnostic::error(format!("unknown provider `{provider}`")).label("this name");
        let finding = finding.remedy(did_you_mean(provider, known(), "the providers are"));
        self.report(self.places.locate(finding, &key));
        self.mistakes.insert(key);
        nearest(provider, known()) == Some(EMBEDDED)
    }
}

/// Moves entries of a table into a table of their own.
fn take(table: &mut Dict, keys: &[&str]) -> Value {
    keys.iter().filter_map(|key| table.remove_entry(*key)).collect::<Dict>().into()
}
