//! A setting that is one known word, or else more than a word.
//!
//! Unlike an untagged enum it says where within the longer form a mistake is: the form is known from
//! what the value is, and a mistake in it keeps its path.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer, StrDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads `W` from a string and `M` from a table or an array; `expecting` says what there is to write.
pub(crate) fn word_or<'de, D, W, M, T>(
    deserializer: D,
    expecting: &'static str,
    word: fn(W) -> T,
    more: fn(M) -> T,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    W: Deserialize<'de>,
    M: Deserialize<'de>,
{
    deserializer.deserialize_any(WordOr { expecting, word, more, lifetime: PhantomData })
}

struct WordOr<'de, W, M, T> {
    expecting: &'static str,
    word: fn(W) -> T,
    more: fn(M) -> T,
    lifetime: PhantomData<&'de ()>,
}

impl<'de, W: Deserialize<'de>, M: Deserialize<'de>, T> Visitor<'de> for WordOr<'de, W, M, T> {
    type Value = T;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str(self.expecting)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        let word = W::deserialize(StrDeserializer::<E>::new(text));
        word.map(self.word).map_err(|_| E::custom(format_args!("must be {}", self.expecting)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<T, A::Error> {
        M::deserialize(SeqAccessDeserializer::new(items)).map(self.more)
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<T, A::Error> {
        M::deserialize(MapAccessDeserializer::new(table)).map(self.more)
    }
}
