//! Every placeholder for bytes decodes every alphabet of base64, padded or not.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use passbridge::model::value::ValueKind;
use passbridge::provider::template::content::Node;

use crate::laws::arbitrary;
use crate::laws::edit::{self, Edit};
use crate::laws::refusals::read;

const ENGINES: [&GeneralPurpose; 4] = [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD];

#[test]
fn every_base64_alphabet_decodes_in_every_bytes_member() {
    let mut places = 0;
    for case in arbitrary::cases() {
        for entry in edit::entries(case) {
            let Node::Placeholder(place) = &entry.node else { continue };
            if place.placeholder.member.kind() != ValueKind::Bytes {
                continue;
            }
            let Some(bytes) = bytes_at(case, &entry.pointer) else { continue };
            places += 1;
            for engine in ENGINES {
                let spelled = engine.encode(&bytes).into();
                let fixture = edit::edited(case, &entry.pointer, Edit::Replace(&spelled)).unwrap();
                // A member in two places is compared by its bytes, so the other place may use another alphabet.
                assert_eq!(read(case, &fixture), Ok(()), "{} {}", case.name(), entry.pointer);
            }
        }
    }
    assert!(places >= 70, "{places} places");
}

/// The bytes at a place of the example.
fn bytes_at(case: arbitrary::Case, pointer: &str) -> Option<Vec<u8>> {
    let mut value: serde_json::Value = serde_json::from_str(&edit::example(case).content).ok()?;
    for name in pointer.replace("/*", "/0").split('/').skip(1) {
        if let serde_json::Value::String(text) = &value {
            value = serde_json::from_str(text).ok()?;
        }
        value = value.pointer(&format!("/{name}"))?.clone();
    }
    let text = value.as_str()?.replace('-', "+").replace('_', "/");
    STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()
}
