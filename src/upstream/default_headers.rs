//! The header fields of every call that does not say otherwise.
//!
//! The client of our own writes them from text that is prepared once, instead of putting them into each
//! request's fields.

use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};

/// A field, and the line it is in HTTP/1.1.
pub(super) struct Customary {
    pub(super) name: HeaderName,
    value: HeaderValue,
    pub(super) line: &'static [u8],
    /// Whether only a call with content has it.
    pub(super) is_of_content: bool,
}

macro_rules! customary {
    ($name:ident, $text:literal, $value:expr, $is_of_content:literal) => {
        Customary {
            name: $name,
            value: HeaderValue::from_static($value),
            line: concat!($text, ": ", $value, "\r\n").as_bytes(),
            is_of_content: $is_of_content,
        }
    };
}

/// All of them.
pub(super) const CUSTOMARY: [Customary; 3] = [
    customary!(ACCEPT, "accept", "application/json", false),
    customary!(USER_AGENT, "user-agent", concat!("passbridge/", env!("CARGO_PKG_VERSION")), false),
    customary!(CONTENT_TYPE, "content-type", "application/json", true),
];

/// Adds what a call does not say.
pub fn complete(fields: &mut HeaderMap, has_content: bool) {
    for Customary { name, value, is_of_content, .. } in CUSTOMARY {
        if has_content || !is_of_content {
            fields.entry(name).or_insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_the_fields() {
        for Customary { name, value, line, .. } in CUSTOMARY {
            assert_eq!(line, format!("{name}: {}\r\n", value.to_str().unwrap()).as_bytes());
        }
    }

    #[test]
    fn what_a_call_says_stays() {
        let mut fields = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("text/plain"))]);
        complete(&mut fields, false);
        assert_eq!((fields.len(), &fields[ACCEPT]), (2, &HeaderValue::from_static("text/plain")));
        complete(&mut fields, true);
        assert_eq!(fields[CONTENT_TYPE], "application/json");
    }
}
