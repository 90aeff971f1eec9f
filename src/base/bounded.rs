//! A whole number of the config that has a least and a greatest value.
//!
//! A number outside is refused while the config is read, where file and line are still known, so no
//! other code asks whether a timeout is zero. The unit is in the name of the field that holds it.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number from `MIN` to `MAX`, both included.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bounded<const MIN: u64, const MAX: u64>(u64);

// ===== impl Within =====

impl<const MIN: u64, const MAX: u64> Bounded<MIN, MAX> {
    /// The number, unless it lies outside.
    #[must_use]
    pub const fn new(value: u64) -> Option<Self> {
        if MIN <= value && value <= MAX { Some(Self(value)) } else { None }
    }

    /// The nearest number inside. Meant for constants, and for tests.
    #[must_use]
    pub const fn nearest(value: u64) -> Self {
        Self(if value < MIN {
            MIN
        } else if value > MAX {
            MAX
        } else {
            value
        })
    }

    /// The number itself.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number as a count of things in memory.
    #[must_use]
    pub fn count(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// The number as a duration in milliseconds.
    #[must_use]
    pub const fn millis(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl<const MIN: u64, const MAX: u64> Serialize for Bounded<MIN, MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Bounded<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(Bounds::<MIN, MAX>)
    }
}

impl<const MIN: u64, const MAX: u64> JsonSchema for Bounded<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Within_{MIN}_{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

struct Bounds<const MIN: u64, const MAX: u64>;

impl<const MIN: u64, const MAX: u64> Visitor<'_> for Bounds<MIN, MAX> {
    type Value = Bounded<MIN, MAX>;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(text, "an integer from {MIN} to {MAX}")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Bounded::new(value).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        match u64::try_from(value) {
            Ok(value) => self.visit_u64(value),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(value), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Bounded<1, 50>, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn both_ends_are_inside() {
        assert_eq!(read("1").unwrap().get(), 1);
        assert_eq!(read("50").unwrap().millis(), Duration::from_millis(50));
    }

    #[test]
    fn a_number_outside_is_refused_with_both_ends() {
        for outside in ["0", "51", "-1"] {
            let told = read(outside).unwrap_err();
            assert!(told.contains("expected an integer from 1 to 50"), "{told}");
        }
        assert!(read("\"5\"").is_err());
        assert!(read("1.5").is_err());
    }

    #[test]
    fn a_constant_outside_becomes_the_nearest_inside() {
        assert_eq!(Bounded::<1, 50>::nearest(0).get(), 1);
        assert_eq!(Bounded::<1, 50>::nearest(99).get(), 50);
        assert_eq!(Bounded::<1, 50>::nearest(7).get(), 7);
    }
}
