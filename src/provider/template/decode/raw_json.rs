//! JSON that is forwarded or skipped without being decoded.
//!
//! It is scanned without recursion, so its depth costs no stack.

use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The text of the next value.
pub(super) fn text<'a, D: Deserializer<'a>>(deserializer: D) -> Result<&'a str, D::Error> {
    <&RawValue>::deserialize(deserializer).map(RawValue::get)
}

/// The nesting depth of objects and arrays in a valid JSON text.
pub(super) fn nesting(json: &str) -> usize {
    if !json.starts_with(['{', '[']) {
        return 0;
    }
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_do_not_nest() {
        for (json, depth) in [
            ("7", 0),
            ("\"[[[\"", 0),
            ("{}", 1),
            ("[[],[[]]]", 3),
            (r#"{"a":"\"[{","b":[1]}"#, 2),
            (r#"{"a\\":{"[":"]"}}"#, 2),
        ] {
            assert_eq!(nesting(json), depth, "{json}");
        }
    }
}
