//! What is written reads back, what is not is told, and what is bad stands alone.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::base64url;
use crate::import_export::convert::{Defaults, convert};
use crate::import_export::formats::Format;
use crate::relying_party::tests::forger::Forger;

/// A user of ours with everything that can be said of a passkey.
fn full() -> Value {
    static KEY: LazyLock<Vec<u8>> = LazyLock::new(|| Forger::new(b"").row().public_key);
    json!({
        "id": "703fe2d2-2d39-4cb7-b76d-0b9918ed2457",
        "handle": base64url(b"handle of ada"),
        "email": "ada@example.com",
        "name": "Ada",
        "profile": {},
        "created_at": 1_700_000_000,
        "credentials": [{
            "id": base64url(&[0xFB; 20]),
            "public_key": base64url(&KEY),
            "sign_count": 41,
            "transports": ["internal", "hybrid"],
            "uv_initialized": true,
            "backup_eligible": true,
            "backup_state": true,
            "rp_id": "example.com",
            "aaguid": "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4",
            "name": "Phone",
            "handle": "credential_1",
            "created_at": 1_700_000_001,
            "last_used_at": 1_700_000_002,
        }],
    })
}

#[test]
fn what_is_written_reads_back_and_what_is_not_is_told() {
    for format in Format::ALL.into_iter().filter(|format| format.is_written()) {
        let there = convert(&full().to_string(), Format::Passbridge, format, &Defaults::default());
        assert_eq!((there.users, there.passkeys, there.refused), (1, 1, 0), "{format:?}: {:?}", there.told);
        // The one form that has no place for the handle is given it again, as its reader asks.
        let text = match format {
            Format::Fusionauth => there.text.replace("\"userId\"", "\"user_handle\":\"aGFuZGxlIG9mIGFkYQ\",\"userId\""),
            _ => there.text.clone(),
        };
        let back = convert(&text, format, Format::Passbridge, &Defaults::default());
        assert_eq!(back.refused, 0, "{format:?}: {:?}", back.told);
        let user: Value = serde_json::from_str(&back.text).unwrap();
        let lost =
            |member: &str| there.told.iter().any(|told| told.starts_with(&format!("record 1: lost: {member}: ")));
        let (wanted, got) = (full(), &user);
        for member in ["id", "handle", "email", "name", "created_at"] {
            assert!(wanted[member] == got[member] || lost(member), "{format:?} {member}: {:?}", there.told);
        }
        for (member, value) in wanted["credentials"][0].as_object().unwrap() {
            let same = *value == got["credentials"][0][member];
            assert!(same != lost(&format!("credentials.{member}")), "{format:?} {member}: {:?}", there.told);
        }
        for certain in ["id", "public_key", "sign_count", "transports"] {
            assert_eq!(wanted["credentials"][0][certain], got["credentials"][0][certain], "{format:?}");
        }
        if format == Format::Passbridge {
            assert_eq!((user, there.told), (full(), Vec::new()));
        }
    }
}

#[test]
fn a_bad_record_is_told_by_number_and_the_rest_goes_on() {
    let (mut ada, mut bob) = (full(), full());
    ada["credentials"][0]["public_key"] = json!("AQ");
    bob["id"] = json!("bob");
    bob["email"] = json!("bob@example.com");
    let twice = bob.clone();
    let lines = format!("{ada}\nnot json\n\n{bob}\n{twice}\n{}\n", json!({"id": "x", "pasword": "hunter2"}));
    let converted = convert(&lines, Format::Passbridge, Format::GoWebauthn, &Defaults::default());
    assert_eq!((converted.users, converted.passkeys, converted.refused), (1, 1, 4), "{:?}", converted.told);
    let refused: Vec<_> = converted.told.iter().filter(|told| told.contains("refused: ")).collect();
    let numbers: Vec<_> = refused.iter().map(|told| told.split(": ").next().unwrap()).collect();
    assert_eq!(numbers, ["record 1", "record 2", "record 4", "record 5"], "{refused:?}");
    let told = converted.told.join("\n");
    assert!(!told.contains("hunter2") && !told.contains("example.com"), "{told}");
    let none = convert("", Format::Passbridge, Format::Fusionauth, &Defaults::default());
    assert_eq!((none.text.as_str(), none.refused), ("{\"credentials\":[\n\n]}\n", 0));
}

#[test]
fn what_a_form_needs_is_asked_for() {
    let mut nameless = full();
    nameless["id"] = json!("no uuid");
    nameless.as_object_mut().unwrap().remove("email");
    nameless["credentials"][0].as_object_mut().unwrap().remove("rp_id");
    for (format, member) in [(Format::Fusionauth, "id"), (Format::Ory, "email")] {
        let converted = convert(&nameless.to_string(), Format::Passbridge, format, &Defaults::default());
        assert_eq!((converted.users, converted.refused), (0, 1));
        assert!(
            converted.told.last().unwrap().starts_with(&format!("record 1: refused: {member}: ")),
            "{:?}",
            converted.told
        );
    }
    let given = Defaults { rp_id: Some("example.com".into()) };
    let mut ada = full();
    ada["credentials"][0].as_object_mut().unwrap().remove("rp_id");
    let converted = convert(&ada.to_string(), Format::Passbridge, Format::Fusionauth, &given);
    assert!(converted.text.contains("\"relyingPartyId\":\"example.com\""), "{:?}", converted.told);
    let unowned = json!({"id": "AQ", "publicKey": base64url(&Forger::new(b"").row().public_key), "counter": 0});
    let converted = convert(&unowned.to_string(), Format::Simplewebauthn, Format::GoWebauthn, &given);
    assert!(converted.told[0].starts_with("record 1: refused: user_id: "), "{:?}", converted.told);
}

#[test]
fn no_text_makes_it_panic() {
    let texts =
        ["[", "{}", "[[]]", "null", "{\"credentials\":null}", "{\"identities\":[{}]}", "\u{0}", "[1,2]", "\"x\""];
    for from in Format::ALL {
        for text in texts {
            let converted = convert(text, from, Format::Passbridge, &Defaults::default());
            assert_eq!(converted.users, 0, "{from:?} {text}");
        }
    }
}
