//! The expected responses, one file per pair, written by hand from the providers' documents.
//!
//! `<uuid>`, `<instant>` and similar patterns stand for values that are new each time.

use std::fs;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

/// Asserts that `got` matches the pair's file; `leg` is `begin` or `finish`.
#[track_caller]
pub(crate) fn check_content(leg: &str, dialect: &str, upstream: &str, got: &str) {
    let file = format!("{}/tests/gateway/matrix/{leg}/{dialect}_before_{upstream}.json", env!("CARGO_MANIFEST_DIR"));
    let expected = fs::read_to_string(&file).unwrap();
    assert!(is_like(expected.trim_end(), got), "{dialect} before {upstream}, {leg}:\n{expected}{got}");
}

/// Whether a text is like a pattern with names in angle brackets.
pub(crate) fn is_like(pattern: &str, text: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('<') else { return pattern == text };
    let (name, after) = rest.split_once('>').unwrap();
    let Some(text) = text.strip_prefix(before) else { return false };
    let next = after.chars().next().unwrap();
    let Some(end) = text.find(next) else { return false };
    let (value, text) = text.split_at(end);
    is_a(name, value) && is_like(after, text)
}

fn is_a(name: &str, value: &str) -> bool {
    match name {
        "uuid" => uuid::Uuid::parse_str(value).is_ok_and(|uuid| uuid.get_version_num() == 4),
        "instant" => value.parse::<jiff::Timestamp>().is_ok_and(|instant| instant > jiff::Timestamp::now()),
        "past" => value.parse::<jiff::Timestamp>().is_ok_and(|instant| instant <= jiff::Timestamp::now()),
        "base64" => BASE64_STANDARD.decode(value).is_ok_and(|bytes| bytes.len() == 32),
        "base64url" => BASE64_URL_SAFE_NO_PAD.decode(value).is_ok_and(|bytes| bytes.len() == 32),
        "token" => value.len() > 8 && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)),
        "text" => value.len() > 3,
        "number" => value.parse::<i64>().is_ok_and(|number| number > 0),
        other => panic!("there is no pattern <{other}>"),
    }
}

#[test]
fn pattern_matches_only_equal_text() {
    assert!(is_like("{\"a\":<number>}", "{\"a\":12}"));
    for other in ["{\"a\":-1}", "{\"a\":1,\"b\":2}", "{\"a\":\"1\"}", "{\"b\":1}"] {
        assert!(!is_like("{\"a\":<number>}", other), "{other}");
    }
}
