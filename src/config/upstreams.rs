//! Reading `[upstreams]`: a provider over HTTP, or the embedded relying party.

use std::collections::BTreeMap;

use figment::value::{Dict, Tag, Value};

use crate::base::diagnostic::{Diagnostic, nearest};
use crate::config::collect;
use crate::config::load::Reader;
use crate::routes::compile::input::UpstreamSettings;
use crate::routes::route_settings::Assignments;
use crate::upstream::base_url::BaseUrl;
use crate::upstream::settings::HttpSettings;

impl Reader<'_> {
    /// Reads the upstreams; one that cannot be read is told of, and kept by name.
    pub(super) fn upstreams(&mut self, value: Option<Value>) -> BTreeMap<String, UpstreamSettings> {
        let mut upstreams = BTreeMap::new();
        for (name, table) in collect::tables("upstreams", value, &self.places, self.diagnostics).unwrap_or_default() {
            match self.upstream(&name, table) {
                Some(settings) => drop(upstreams.insert(name, settings)),
                None => self.broken.push(name),
            }
        }
        upstreams
    }

    fn upstream(&mut self, name: &str, mut table: Dict) -> Option<UpstreamSettings> {
        let section = format!("upstreams.{name}");
        let Some(provider) = table.remove("provider") else {
            let diagnostic = Diagnostic::error(format!("`[{section}]` lacks `provider`"))
                .label("this table")
                .remedy("write `provider = \"embedded\"`, or the id of a provider");
            self.diagnostics.push(self.places.locate_key(diagnostic, &section));
            return None;
        };
        let provider: String =
            collect::section(&format!("{section}.provider"), provider, &self.places, self.diagnostics)?;
        self.named_identity(name, table.remove("identity"));
        self.named_handles(name, table.remove("handles"));
        self.misspelt(&section, &mut table);
        if provider == "embedded" {
            let table = Value::Dict(Tag::Default, table);
            return collect::section(&section, table, &self.places, self.diagnostics).map(UpstreamSettings::Embedded);
        }
        let base_url = self.base_url(&section, table.remove("base_url"));
        let set: Option<Assignments> = match table.remove("set") {
            Some(set) => collect::section(&format!("{section}.set"), set, &self.places, self.diagnostics),
            None => Some(Assignments::default()),
        };
        let discoverable: Option<bool> = match table.remove("discoverable") {
            Some(value) => collect::section(&format!("{section}.discoverable"), value, &self.places, self.diagnostics),
            None => None,
        };
        let table = Value::Dict(Tag::Default, table);
        let http: Option<HttpSettings> = collect::section(&section, table, &self.places, self.diagnostics);
        let http = http.map(|http| HttpSettings { ca_file: self.authorities(http.ca_file, &section), ..http });
        Some(UpstreamSettings::Http { provider, base_url: base_url?, http: http?, set: set?, discoverable })
    }

    /// Tells of keys that look like one that is read apart from the others, which would not name it.
    fn misspelt(&mut self, section: &str, table: &mut Dict) {
        const APART: [&str; 2] = ["handles", "identity"];
        let names: Vec<_> = table.keys().filter(|name| nearest(name, APART).is_some()).cloned().collect();
        for name in names {
            table.remove(&name);
            self.diagnostics.push(collect::unknown_key(section, &name, &APART, &self.places));
        }
    }

    fn base_url(&mut self, section: &str, value: Option<Value>) -> Option<BaseUrl> {
        let Some(value) = value else {
            let diagnostic = Diagnostic::error(format!("`[{section}]` lacks `base_url`"))
                .label("this table")
                .remedy("write `base_url = \"https://...\"`, where the provider's API stands");
            self.diagnostics.push(self.places.locate_key(diagnostic, section));
            return None;
        };
        collect::section(&format!("{section}.base_url"), value, &self.places, self.diagnostics)
    }
}
