//! A setting that is a keyword or a longer form, such as `"anyone"` or a list of keys.
//!
//! Unlike an untagged enum it reports the place of a mistake inside the longer form: a string can only be the keyword,
//! so anything else is read as the longer form.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer, StrDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads `K` from a string, and `L` from an array or a table.
pub(crate) fn keyword_or<'de, D, K, L, T>(
    deserializer: D,
    keyword: fn(K) -> T,
    longer: fn(L) -> T,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de>,
    L: Deserialize<'de>,
{
    deserializer.deserialize_any(KeywordOr { keyword, longer, lifetime: PhantomData })
}

struct KeywordOr<'de, K, L, T> {
    keyword: fn(K) -> T,
    longer: fn(L) -> T,
    lifetime: PhantomData<&'de ()>,
}

impl<'de, K: Deserialize<'de>, L: Deserialize<'de>, T> Visitor<'de> for KeywordOr<'de, K, L, T> {
    type Value = T;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("a keyword, an array or a table")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        K::deserialize(StrDeserializer::new(text)).map(self.keyword)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<T, A::Error> {
        L::deserialize(SeqAccessDeserializer::new(items)).map(self.longer)
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<T, A::Error> {
        L::deserialize(MapAccessDeserializer::new(table)).map(self.longer)
    }
}
