//! Header fields added to every call that does not set them.
//!
//! The HTTP/1.1 client writes them as prepared text instead of inserting them into each request.

use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};

/// A field, and its line in HTTP/1.1.
pub(super) struct DefaultHeader {
    pub(super) name: HeaderName,
    value: HeaderValue,
    pub(super) line: &'static [u8],
    /// Whether it is added only to calls with content.
    pub(super) needs_content: bool,
}

macro_rules! default_header {
    ($name:ident, $text:literal, $value:expr, $needs_content:literal) => {
        DefaultHeader {
            name: $name,
            value: HeaderValue::from_static($value),
            line: concat!($text, ": ", $value, "\r\n").as_bytes(),
            needs_content: $needs_content,
        }
    };
}

pub(super) const DEFAULT_HEADERS: [DefaultHeader; 3] = [
    default_header!(ACCEPT, "accept", "application/json", false),
    default_header!(USER_AGENT, "user-agent", concat!("passbridge/", env!("CARGO_PKG_VERSION")), false),
    default_header!(CONTENT_TYPE, "content-type", "application/json", true),
];

/// Adds the default fields that are missing.
pub fn add_missing(fields: &mut HeaderMap, has_content: bool) {
    for DefaultHeader { name, value, needs_content, .. } in DEFAULT_HEADERS {
        if has_content || !needs_content {
            fields.entry(name).or_insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_matches_its_name_and_value() {
        for DefaultHeader { name, value, line, .. } in DEFAULT_HEADERS {
            assert_eq!(line, format!("{name}: {}\r\n", value.to_str().unwrap()).as_bytes());
        }
    }

    #[test]
    fn fields_of_the_call_are_not_replaced() {
        let mut fields = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("text/plain"))]);
        add_missing(&mut fields, false);
        assert_eq!((fields.len(), &fields[ACCEPT]), (2, &HeaderValue::from_static("text/plain")));
        add_missing(&mut fields, true);
        assert_eq!(fields[CONTENT_TYPE], "application/json");
    }
}
