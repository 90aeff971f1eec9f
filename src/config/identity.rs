//! Reading `[identity]`: the maps, and which upstream names which.

use std::sync::Arc;

use figment::value::{Tag, Value};

use crate::config::collect;
use crate::config::load::Reader;
use crate::identity::map::Map;
use crate::identity::map_settings::MapSettings;

impl Reader<'_> {
    /// Makes the maps; one that does not work is told of, and kept by name.
    pub(super) fn identities(&mut self, value: Option<Value>) {
        for (name, table) in collect::tables("identity", value, &self.places, self.diagnostics).unwrap_or_default() {
            let section = format!("identity.{name}");
            let table = Value::Dict(Tag::Default, table);
            let settings: Option<MapSettings> = collect::section(&section, table, &self.places, self.diagnostics);
            let Some(settings) = settings else {
                self.identities.broken.push(name);
                continue;
            };
            let (map, found) = Map::build(&name, &settings, &self.base);
            for (key, diagnostic) in found {
                let diagnostic = match key.is_empty() {
                    true => self.places.locate_key(diagnostic, &section),
                    false => self.places.locate(diagnostic, &format!("{section}.{key}")),
                };
                self.diagnostics.push(diagnostic);
            }
            match map {
                Some(map) => drop(self.identities.maps.insert(name, Arc::new(map))),
                None => self.identities.broken.push(name),
            }
        }
    }

    /// Notes the map that an upstream names.
    pub(super) fn named_identity(&mut self, upstream: &str, value: Option<Value>) {
        let Some(value) = value else { return };
        let section = format!("upstreams.{upstream}.identity");
        if let Some(name) = collect::section(&section, value, &self.places, self.diagnostics) {
            self.identities.named.insert(upstream.to_owned(), name);
        }
    }

    /// Notes the file with the user handles of an upstream's passkeys.
    pub(super) fn named_handles(&mut self, upstream: &str, value: Option<Value>) {
        let Some(value) = value else { return };
        let section = format!("upstreams.{upstream}.handles");
        if let Some(file) = collect::section(&section, value, &self.places, self.diagnostics) {
            self.identities.handles.insert(upstream.to_owned(), file);
        }
    }
}
