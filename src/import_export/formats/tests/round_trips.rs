//! Round trips through every format.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::base64url;
use crate::import_export::convert::{Defaults, convert};
use crate::import_export::formats::PasskeyFormat;
use crate::relying_party::tests::forger::Forger;

/// A user of ours with every property that a passkey can have.
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
fn written_members_read_back_and_lost_ones_are_reported() {
    for format in PasskeyFormat::ALL.into_iter().filter(|format| format.is_written()) {
        let there = convert(&full().to_string(), PasskeyFormat::Passbridge, format, &Defaults::default());
        assert_eq!((there.users, there.passkeys, there.refused), (1, 1, 0), "{format:?}: {:?}", there.messages);
        // FusionAuth's form has no field for the handle, so it is added as the reader requires.
        let text = match format {
            PasskeyFormat::Fusionauth => {
                there.text.replace("\"userId\"", "\"user_handle\":\"aGFuZGxlIG9mIGFkYQ\",\"userId\"")
            }
            _ => there.text.clone(),
        };
        let back = convert(&text, format, PasskeyFormat::Passbridge, &Defaults::default());
        assert_eq!(back.refused, 0, "{format:?}: {:?}", back.messages);
        let user: Value = serde_json::from_str(&back.text).unwrap();
        let lost = |member: &str| {
            there.messages.iter().any(|messages| messages.starts_with(&format!("record 1: lost: {member}: ")))
        };
        let (wanted, got) = (full(), &user);
        for member in ["id", "handle", "email", "name", "created_at"] {
            assert!(wanted[member] == got[member] || lost(member), "{format:?} {member}: {:?}", there.messages);
        }
        for (member, value) in wanted["credentials"][0].as_object().unwrap() {
            let same = *value == got["credentials"][0][member];
            assert!(same != lost(&format!("credentials.{member}")), "{format:?} {member}: {:?}", there.messages);
        }
        for certain in ["id", "public_key", "sign_count", "transports"] {
            assert_eq!(wanted["credentials"][0][certain], got["credentials"][0][certain], "{format:?}");
        }
        if format == PasskeyFormat::Passbridge {
            assert_eq!((user, there.messages), (full(), Vec::new()));
        }
    }
}

#[test]
fn bad_record_is_reported_and_the_others_are_converted() {
    let (mut ada, mut bob) = (full(), full());
    ada["credentials"][0]["public_key"] = json!("AQ");
    bob["id"] = json!("bob");
    bob["email"] = json!("bob@example.com");
    let twice = bob.clone();
    let lines = format!("{ada}\nnot json\n\n{bob}\n{twice}\n{}\n", json!({"id": "x", "pasword": "hunter2"}));
    let converted = convert(&lines, PasskeyFormat::Passbridge, PasskeyFormat::GoWebauthn, &Defaults::default());
    assert_eq!((converted.users, converted.passkeys, converted.refused), (1, 1, 4), "{:?}", converted.messages);
    let refused: Vec<_> = converted.messages.iter().filter(|messages| messages.contains("refused: ")).collect();
    let numbers: Vec<_> = refused.iter().map(|messages| messages.split(": ").next().unwrap()).collect();
    assert_eq!(numbers, ["record 1", "record 2", "record 4", "record 5"], "{refused:?}");
    let messages = converted.messages.join("\n");
    assert!(!messages.contains("hunter2") && !messages.contains("example.com"), "{messages}");
    let none = convert("", PasskeyFormat::Passbridge, PasskeyFormat::Fusionauth, &Defaults::default());
    assert_eq!((none.text.as_str(), none.refused), ("{\"credentials\":[\n\n]}\n", 0));
}

#[test]
fn members_that_a_format_requires_are_reported() {
    let mut nameless = full();
    nameless["id"] = json!("no uuid");
    nameless.as_object_mut().unwrap().remove("email");
    nameless["credentials"][0].as_object_mut().unwrap().remove("rp_id");
    for (format, member) in [(PasskeyFormat::Fusionauth, "id"), (PasskeyFormat::Ory, "email")] {
        let converted = convert(&nameless.to_string(), PasskeyFormat::Passbridge, format, &Defaults::default());
        assert_eq!((converted.users, converted.refused), (0, 1));
        assert!(
            converted.messages.last().unwrap().starts_with(&format!("record 1: refused: {member}: ")),
            "{:?}",
            converted.messages
        );
    }
    let given = Defaults { rp_id: Some("example.com".into()) };
    let mut ada = full();
    ada["credentials"][0].as_object_mut().unwrap().remove("rp_id");
    let converted = convert(&ada.to_string(), PasskeyFormat::Passbridge, PasskeyFormat::Fusionauth, &given);
    assert!(converted.text.contains("\"relyingPartyId\":\"example.com\""), "{:?}", converted.messages);
    let unowned = json!({"id": "AQ", "publicKey": base64url(&Forger::new(b"").row().public_key), "counter": 0});
    let converted = convert(&unowned.to_string(), PasskeyFormat::Simplewebauthn, PasskeyFormat::GoWebauthn, &given);
    assert!(converted.messages[0].starts_with("record 1: refused: user_id: "), "{:?}", converted.messages);
}

#[test]
fn no_text_causes_a_panic() {
    let texts =
        ["[", "{}", "[[]]", "null", "{\"credentials\":null}", "{\"identities\":[{}]}", "\u{0}", "[1,2]", "\"x\""];
    for from in PasskeyFormat::ALL {
        for text in texts {
            let converted = convert(text, from, PasskeyFormat::Passbridge, &Defaults::default());
            assert_eq!(converted.users, 0, "{from:?} {text}");
        }
    }
}
