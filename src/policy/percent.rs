//! A percentage with at most two decimals, kept as ten-thousandths so that nothing is rounded.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// 100 %, in ten-thousandths.
pub const WHOLE: u32 = 10_000;

/// A percentage from 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u32);

// ===== impl Percent =====

impl Percent {
    /// 100 %.
    pub const ALL: Self = Self(WHOLE);

    /// The percentage in ten-thousandths.
    pub const fn parts(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(formatter, "{whole} %"),
            (whole, hundredths) => write!(formatter, "{whole}.{hundredths:02} %"),
        }
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNumber)
    }
}

struct AnyNumber;

impl Visitor<'_> for AnyNumber {
    type Value = Percent;

    fn expecting(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        text.write_str("a number from 0 to 100 with at most two decimals")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Percent, E> {
        let whole = u32::try_from(number).ok().filter(|number| *number <= 100);
        whole.map(|whole| Percent(whole * 100)).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Percent, E> {
        let outside = || E::invalid_value(Unexpected::Signed(number), &self);
        u64::try_from(number).map_err(|_| outside()).and_then(|number| self.visit_u64(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Percent, E> {
        let parts = (number * 100.0).round();
        // A value with more than two decimals differs from the nearest valid one by far more than a float's error.
        let is_exact = (number * 100.0 - parts).abs() < 1e-6;
        if !is_exact || !(0.0..=f64::from(WHOLE)).contains(&parts) {
            return Err(E::invalid_value(Unexpected::Float(number), &self));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from 0 to 10000")]
        let parts = parts as u32;
        Ok(Percent(parts))
    }
}

impl JsonSchema for Percent {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Percent".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "title": "a number from 0 to 100 with at most two decimals", "type": "number", "minimum": 0, "maximum": 100, "examples": [10] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<u32> {
        serde_json::from_str::<Percent>(text).ok().map(Percent::parts)
    }

    #[test]
    fn two_decimals_are_exact_and_more_are_refused() {
        assert_eq!(
            [read("0"), read("10"), read("100"), read("100.0")],
            [Some(0), Some(1000), Some(10_000), Some(10_000)]
        );
        assert_eq!([read("0.01"), read("12.5"), read("33.33")], [Some(1), Some(1250), Some(3333)]);
        for outside in ["-1", "101", "100.01", "0.005", "33.333", "\"10\"", "true"] {
            assert_eq!(read(outside), None, "{outside}");
        }
    }

    #[test]
    fn every_hundredth_reads_back() {
        for parts in 0..=WHOLE {
            let written = format!("{}.{:02}", parts / 100, parts % 100);
            assert_eq!(read(&written), Some(parts), "{written}");
        }
        assert_eq!(Percent(1250).to_string(), "12.50 %");
        assert_eq!(Percent::ALL.to_string(), "100 %");
    }
}
