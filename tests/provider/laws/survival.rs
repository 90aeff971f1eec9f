//! Decoding any input ends with a message or a refusal.

use http::StatusCode;
use passbridge::provider::template::decode_context::{DecodeError, Scratch};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::fixture::{self, Fixture};
use crate::laws::arbitrary;
use crate::wire;

/// Reads a content as every message of a provider.
fn read_as_everything(provider: &str, content: &[u8]) {
    let provider = wire::provider(provider);
    for (operation, template) in &provider.operations {
        let scratch = Scratch::default();
        let fields = http::HeaderMap::new();
        let path = template.request.path.literal().unwrap_or("/a/b/c").to_owned();
        let arrived =
            passbridge::provider::wire_format::RawRequest { path: &path, query: "id=%ff&x", fields: &fields, content };
        if let Err(DecodeError::Broken(defect)) = template.read_request(*operation, arrived, wire::reading(&scratch)) {
            assert!(!defect.to_string().is_empty());
        }
        for status in [200, 201, 204, 400, 401, 404, 429, 500] {
            let status = StatusCode::from_u16(status).unwrap();
            let _ = template.read_response(provider, *operation, status, &fields, content, wire::reading(&scratch));
        }
    }
}

fn providers() -> impl Strategy<Value = &'static str> {
    select(wire::REGISTRY.iter().map(|provider| provider.id.as_str()).collect::<Vec<_>>())
}

fn contents() -> impl Strategy<Value = Fixture> {
    select(fixture::all().into_iter().filter(|fixture| !fixture.content.is_empty()).collect::<Vec<_>>())
}

/// Fragments of valid and invalid JSON and base64.
fn fragments() -> impl Strategy<Value = Vec<u8>> {
    let known = select(vec![
        &b"{"[..],
        b"}",
        b"[",
        b"]",
        b"\"",
        b"\\",
        b",",
        b":",
        b"null",
        b"\\u0000",
        b"\\ud800",
        b"1e999",
        b"-",
        b"\xff",
        b"\"\"",
        b"{}",
        b"[]",
        b"=",
        b"\\\"",
        b"\x00",
        b"true",
        b"18446744073709551616",
    ]);
    prop_oneof![known.prop_map(<[u8]>::to_vec), vec(any::<u8>(), 0..4)]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_do_not_panic(provider in providers(), content: Vec<u8>) {
        read_as_everything(provider, &content);
    }

    #[test]
    fn arbitrary_json_does_not_panic(provider in providers(), content in arbitrary::json()) {
        read_as_everything(provider, content.to_string().as_bytes());
    }

    #[test]
    fn arbitrary_edit_of_an_example_does_not_panic(
        fixture in contents(),
        changes in vec((any::<Index>(), 0usize..12, fragments()), 1..4),
    ) {
        let mut content = fixture.content.into_bytes();
        for (index, length, fragment) in changes {
            let start = index.index(content.len() + 1);
            let end = (start + length).min(content.len());
            content.splice(start..end, fragment);
        }
        read_as_everything(&fixture.provider, &content);
    }
}

#[test]
fn arbitrary_nesting_does_not_panic() {
    for provider in wire::REGISTRY.iter() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("{\"data\":", "}"), ("{\"credential\":", "}")] {
            let content = format!("{}0{}", open.repeat(5_000), close.repeat(5_000));
            read_as_everything(&provider.id, content.as_bytes());
        }
    }
}
