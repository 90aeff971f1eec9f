//! An integer of the config with a minimum and a maximum.
//!
//! A number outside the range is rejected while the config is read, where its file and line are known, so that no
//! other code checks whether a timeout is zero. The name of the setting contains the unit.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An integer from `MIN` to `MAX`, both inclusive.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bounded<const MIN: u64, const MAX: u64>(u64);

// ===== impl Bounded =====

impl<const MIN: u64, const MAX: u64> Bounded<MIN, MAX> {
    /// The number, if it is in the range.
    #[must_use]
    pub const fn new(value: u64) -> Option<Self> {
        if MIN <= value && value <= MAX { Some(Self(value)) } else { None }
    }

    /// The nearest number in the range; for constants and tests.
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

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number as a `usize`.
    #[must_use]
    pub fn count(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// The number of milliseconds as a duration.
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
        format!("Bounded_{MIN}_{MAX}").into()
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
    fn both_ends_are_in_the_range() {
        assert_eq!(read("1").unwrap().get(), 1);
        assert_eq!(read("50").unwrap().millis(), Duration::from_millis(50));
    }

    #[test]
    fn number_outside_the_range_is_rejected_with_the_range() {
        for outside in ["0", "51", "-1"] {
            let error = read(outside).unwrap_err();
            assert!(error.contains("expected an integer from 1 to 50"), "{error}");
        }
        assert!(read("\"5\"").is_err());
        assert!(read("1.5").is_err());
    }

    #[test]
    fn nearest_moves_a_constant_into_the_range() {
        assert_eq!(Bounded::<1, 50>::nearest(0).get(), 1);
        assert_eq!(Bounded::<1, 50>::nearest(99).get(), 50);
        assert_eq!(Bounded::<1, 50>::nearest(7).get(), 7);
    }
}
