//! A name in a JSON object, matched with the entries of the template.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Visitor};

use crate::provider::template::content::Object;

/// Reads a name as the index of its entry; `None` if the template has no such entry.
pub(super) struct EntryName<'t> {
    pub(super) object: &'t Object,
    /// The entry to compare first: names usually arrive in the order of the template.
    pub(super) next: usize,
}

impl<'a> DeserializeSeed<'a> for EntryName<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for EntryName<'_> {
    type Value = Option<usize>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        let entries = &self.object.entries;
        if entries.get(self.next).is_some_and(|entry| entry.name == name) {
            return Ok(Some(self.next));
        }
        Ok(entries.iter().position(|entry| entry.name == name))
    }
}
