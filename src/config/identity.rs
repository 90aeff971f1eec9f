//! Reading `[identity]`: the identity maps.

use std::sync::Arc;

use figment::value::Value;

use crate::config::reader::Reader;
use crate::identity::map::Map;
use crate::identity::map_settings::MapSettings;

impl Reader<'_> {
    /// Builds the maps. One that cannot be built is in the mistakes.
    pub(super) fn identities(&mut self, value: Option<Value>) {
        for (name, table) in self.tables("identity", value) {
            let section = format!("identity.{name}");
            let settings: Option<MapSettings> = self.read(&["identity", &name], Value::from(table));
            let map = settings.and_then(|settings| {
                let (map, found) = Map::build(&name, &settings, &self.base);
                for (key, finding) in found {
                    let finding = match key.is_empty() {
                        true => self.places.locate_key(finding, &section),
                        false => self.places.locate(finding, &format!("{section}.{key}")),
                    };
                    self.report(finding);
                }
                map
            });
            match map {
                Some(map) => drop(self.identities.maps.insert(name, Arc::new(map))),
                None => drop(self.mistakes.insert(section)),
            }
        }
    }
}
