//! An object of the template: its names in any order, each at most once.
//!
//! A name the template does not know is skipped with its value; only its depth is looked at.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::model::record::Record;
use crate::provider::template::content::Object;
use crate::provider::template::decode::progress::Progress;
use crate::provider::template::decode::raw;
use crate::provider::template::decode::seat::{Found, NodeVisitor, What};
use crate::provider::template::reader::DefectKind;

pub(super) fn read<'a, A: MapAccess<'a>>(
    object: &Object,
    pointer: &str,
    record: &mut dyn Record<'a>,
    progress: &mut Progress<'a>,
    mut map: A,
) -> Result<Found, A::Error> {
    progress.depth += 1;
    // One bit for each entry: the compiler refuses an object with more.
    let mut seen = 0u64;
    let mut next = 0;
    while let Some(index) = map.next_key_seed(Name { object, next })? {
        let Some(index) = index else {
            let unknown: &RawValue = map.next_value()?;
            if progress.depth + raw::nesting(unknown.get()) > progress.reading.max_depth {
                progress.defect(DefectKind::TooDeep, pointer);
            }
            continue;
        };
        next = index + 1;
        let entry = &object.entries[index];
        if seen & (1 << index) != 0 {
            progress.defect(DefectKind::Duplicate, &entry.pointer);
        }
        seen |= 1 << index;
        let seat = NodeVisitor { what: What::of(&entry.node), pointer: &entry.pointer, record: &mut *record, progress };
        if map.next_value_seed(seat)? == Found::Nothing {
            progress.absent_entry(entry);
        }
    }
    for (index, entry) in object.entries.iter().enumerate() {
        if seen & (1 << index) == 0 {
            progress.absent_entry(entry);
        }
    }
    progress.depth -= 1;
    Ok(Found::Something)
}

/// A name of an object: its index in the template, if the template has it.
struct Name<'t> {
    object: &'t Object,
    next: usize,
}

impl<'a> DeserializeSeed<'a> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        // A provider writes its names in the order of its own example nearly always.
        let entries = &self.object.entries;
        if entries.get(self.next).is_some_and(|entry| entry.name == name) {
            return Ok(Some(self.next));
        }
        Ok(entries.iter().position(|entry| entry.name == name))
    }
}
