//! The config file as a figment provider: values without positions, which `Places` has.

use figment::value::{Dict, Map, Num, Tag, Value};
use figment::{Metadata, Profile, Provider};

use crate::base::document::{Document, Item, ItemValue, Table};

/// A parsed file.
pub(crate) struct FileSource<'d>(pub(crate) &'d Document);

impl Provider for FileSource<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::from("TOML file", self.0.source.name.as_str())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(dict(&self.0.root)))
    }
}

fn dict(table: &Table) -> Dict {
    table.entries.iter().map(|entry| (entry.key.clone(), value(&entry.item))).collect()
}

fn value(item: &Item) -> Value {
    let tag = Tag::Default;
    match &item.value {
        ItemValue::Text(text) => Value::String(tag, text.clone()),
        ItemValue::Integer(integer) => Value::Num(tag, Num::I64(*integer)),
        ItemValue::Float(float) => Value::Num(tag, Num::F64(*float)),
        ItemValue::Flag(flag) => Value::Bool(tag, *flag),
        ItemValue::Array(items) => Value::Array(tag, items.iter().map(value).collect()),
        ItemValue::Table(table) => Value::Dict(tag, dict(table)),
        // No setting has this type, so that reading it reports a wrong type.
        ItemValue::Other(_) => Value::Num(tag, Num::F64(0.5)),
    }
}
