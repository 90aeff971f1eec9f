//! Examples from the formats' documentation and libraries.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{base64url, to_ours};
use crate::import_export::formats::PasskeyFormat;
use crate::relying_party::tests::forger::Forger;

/// A COSE key on P-256 with these coordinates in base64url.
fn cose(x: &str, y: &str) -> String {
    let [x, y] = [x, y].map(|text| URL_SAFE_NO_PAD.decode(text).unwrap());
    base64url(&[b"\xA5\x01\x02\x03\x26\x20\x01\x21\x58\x20", x.as_slice(), b"\x22\x58\x20", &y].concat())
}

fn only(from: PasskeyFormat, input: &Value) -> (Value, Vec<String>) {
    let (mut lines, converted) = to_ours(from, input);
    assert_eq!((lines.len(), converted.refused), (1, 0), "{:?}", converted.messages);
    (lines.remove(0), converted.messages)
}

#[test]
fn webauthn_rs_passkey_is_read() {
    // The form of versions 0.4 and 0.5, with a key of a real registration.
    let (x, y) = ("VTSRkyIs9sASIgLB2vWSu6xFyAvGf9lQ6GSHgiAmJlQ", "UFAsQBox-mvdfu4qaZYEwPKA0bmHWELgEfIUol8H0eQ");
    let cred = json!({
        "cred_id": "KuSaAl0uO3_g-D5b5s5PUrHdgck",
        "cred": {"type_": "ES256", "key": {"EC_EC2": {"curve": "SECP256R1", "x": x, "y": y}}},
        "counter": 3, "transports": null, "user_verified": true, "backup_eligible": true, "backup_state": true,
        "registration_policy": "preferred",
        "extensions": {"cred_protect": "Ignored", "hmac_create_secret": "NotRequested", "appid": "NotRequested"},
        "attestation": {"data": "None", "metadata": "None"}, "attestation_format": "none",
    });
    let record = json!({"cred": cred, "user_id": "u", "user_handle": "aGFuZGxl"});
    let (user, messages) = only(PasskeyFormat::WebauthnRs, &record);
    let expected = json!([{
        "id": "KuSaAl0uO3_g-D5b5s5PUrHdgck", "public_key": cose(x, y), "sign_count": 3, "transports": [],
        "uv_initialized": true, "backup_eligible": true, "backup_state": true,
    }]);
    assert_eq!((&user["credentials"], &user["handle"]), (&expected, &json!("aGFuZGxl")));
    assert_eq!(messages, [""; 0]);

    let mut old = record;
    let numbers = |text: &str| json!(URL_SAFE_NO_PAD.decode(text).unwrap());
    old["cred"]["cred"]["key"]["EC_EC2"] = json!({"curve": "SECP256R1", "x": numbers(x), "y": numbers(y)});
    old["cred"]["attestation_format"] = json!("Packed");
    old["cred"]["extensions"]["cred_protect"] = json!({"Set": "UserVerificationRequired"});
    let (user, messages) = only(PasskeyFormat::WebauthnRs, &old);
    assert_eq!(user["credentials"], expected);
    assert_eq!(
        messages,
        [
            "record 1: lost: cred.extensions.cred_protect: extensions are not kept",
            "record 1: lost: cred.attestation: attestation is not kept",
        ]
    );
}

#[test]
fn go_webauthn_record_is_read_in_both_spellings() {
    let key = Forger::new(b"").row().public_key;
    let padded = base64::engine::general_purpose::STANDARD.encode(&key);
    let new = json!({
        "id": "+/v7+w==", "publicKey": padded, "attestationType": "none", "transport": ["usb"],
        "flags": {"userPresent": true, "userVerified": true, "backupEligible": false, "backupState": false},
        "authenticator": {"AAGUID": "6puNZk0BHSE85La0jLV11A==", "signCount": 7, "cloneWarning": false, "attachment": ""},
        "attestation": {"clientDataJSON": null, "object": null},
        "user_id": 12, "user_handle": "aGFuZGxl", "rp_id": "example.com",
    });
    let (user, messages) = only(PasskeyFormat::GoWebauthn, &new);
    let expected = json!([{
        "id": "-_v7-w", "public_key": base64url(&key), "sign_count": 7, "transports": ["usb"],
        "uv_initialized": true, "backup_eligible": false, "backup_state": false, "rp_id": "example.com",
        "aaguid": "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4",
    }]);
    assert_eq!((&user["id"], &user["credentials"]), (&json!("12"), &expected));
    assert_eq!(messages, ["record 1: lost: attestation: not kept"]);

    let old = json!({
        "ID": "+/v7+w==", "PublicKey": padded, "AttestationType": "packed", "Transport": null,
        "Authenticator": {"AAGUID": "AAAAAAAAAAAAAAAAAAAAAA==", "SignCount": 7, "CloneWarning": true},
        "user_id": "12", "user_handle": "aGFuZGxl",
    });
    let (user, messages) = only(PasskeyFormat::GoWebauthn, &old);
    let passkey = &user["credentials"][0];
    assert_eq!((&passkey["backup_eligible"], &passkey["aaguid"]), (&Value::Null, &Value::Null), "nothing is made up");
    assert_eq!(messages.len(), 2, "{messages:?}");

    let row = json!({
        "id": 1, "created_at": "2025-01-01T00:00:00Z", "updated_at": "2025-01-01T00:00:00Z", "deleted_at": null,
        "user_id": 12, "credential_id": "+/v7+w==", "name": "Phone", "credential": new.to_string(),
        "used_at": "2025-01-02T00:00:00.5Z", "user_handle": "aGFuZGxl",
    });
    let (user, _) = only(PasskeyFormat::GoWebauthnRows, &row);
    let passkey = &user["credentials"][0];
    assert_eq!((&passkey["name"], &passkey["created_at"]), (&json!("Phone"), &json!(1_735_689_600)));
    assert_eq!((&passkey["last_used_at"], &passkey["public_key"]), (&json!(1_735_776_000), &expected[0]["public_key"]));
    let mut other = row.clone();
    other["credential_id"] = json!("AQ==");
    let mut deleted = row;
    deleted["deleted_at"] = json!("2025-01-03T00:00:00Z");
    let (lines, converted) = to_ours(PasskeyFormat::GoWebauthnRows, &json!([other, deleted]));
    assert_eq!((lines.len(), converted.refused), (0, 1));
    assert!(converted.messages[1].starts_with("record 1: refused: credential_id: "), "{:?}", converted.messages);
    assert!(converted.messages.last().unwrap().starts_with("record 2: lost: deleted_at: "), "{:?}", converted.messages);
}

#[test]
fn simplewebauthn_record_is_read_in_every_form_of_bytes() {
    let key = Forger::new(b"").row().public_key;
    let indexed: Value = key
        .iter()
        .enumerate()
        .map(|(at, byte)| (at.to_string(), json!(byte)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    for public_key in [json!(base64url(&key)), json!(key), json!({"type": "Buffer", "data": key}), indexed] {
        let record = json!({
            "id": "AQID", "publicKey": public_key, "counter": 2, "transports": ["internal"],
            "deviceType": "multiDevice", "backedUp": true, "webauthnUserID": "aGFuZGxl", "user_id": "u",
        });
        let (user, messages) = only(PasskeyFormat::Simplewebauthn, &record);
        assert_eq!(
            (&user["credentials"][0]["public_key"], &user["handle"]),
            (&json!(base64url(&key)), &json!("aGFuZGxl"))
        );
        assert_eq!(user["credentials"][0]["backup_eligible"], true);
        assert_eq!(messages, [""; 0]);
    }
}

#[test]
fn documented_fusionauth_request_is_read() {
    let document: Value = serde_json::from_str(include_str!("../../../../tests/passkeys/fusionauth.json")).unwrap();
    let (lines, converted) = to_ours(PasskeyFormat::Fusionauth, &document);
    assert_eq!((lines.len(), converted.refused), (0, 2), "its documents do not mention the user handle");
    let mut document = document;
    for record in document["credentials"].as_array_mut().unwrap() {
        record["user_handle"] = json!("aGFuZGxl");
    }
    let (user, messages) = only(PasskeyFormat::Fusionauth, &document);
    let passkeys = user["credentials"].as_array().unwrap();
    assert_eq!((passkeys.len(), &user["id"]), (2, &json!("703fe2d2-2d39-4cb7-b76d-0b9918ed2457")));
    assert_eq!((&passkeys[1]["sign_count"], &passkeys[1]["name"]), (&json!(41), &json!("Chrome Touch ID")));
    assert_eq!((&passkeys[1]["rp_id"], &passkeys[1]["created_at"]), (&json!("piedpiper.com"), &json!(1_668_011_701)));
    assert_eq!(passkeys[0]["public_key"], passkeys[1]["public_key"]);
    assert_eq!(user["email"], "richard@fusionauth.io");
    let lost: Vec<_> = messages.iter().filter_map(|messages| messages.strip_prefix("record 2: lost: ")).collect();
    assert_eq!(lost, ["data: not kept", "discoverable: not kept", "id: not kept"]);
}

#[test]
fn ory_identity_is_read_and_the_documented_key_is_refused() {
    let documented: Value = serde_json::from_str(include_str!("../../../../tests/passkeys/ory.json")).unwrap();
    let (lines, converted) = to_ours(PasskeyFormat::Ory, &documented);
    assert_eq!((lines.len(), converted.refused), (0, 1), "the key in the documents is a placeholder word");
    let mut real = documented;
    let config = &mut real["credentials"]["passkey"]["config"];
    let key = Forger::new(b"").row().public_key;
    config["credentials"][0]["public_key"] = json!(base64::engine::general_purpose::STANDARD.encode(&key));
    config["credentials"][0]["authenticator"]["aaguid"] = json!("6puNZk0BHSE85La0jLV11A==");
    let bulk = json!({"identities": [{"patch_id": "1", "create": real}]});
    for input in [real.clone(), bulk, json!([real])] {
        let (user, messages) = only(PasskeyFormat::Ory, &input);
        assert_eq!(
            (&user["id"], &user["email"]),
            (&json!("docs-passkey@example.org"), &json!("docs-passkey@example.org"))
        );
        assert_eq!(user["handle"], base64url(b"user-handle-1"));
        let passkey = &user["credentials"][0];
        assert_eq!((&passkey["id"], &passkey["name"]), (&json!(base64url(b"credential-id-1")), &json!("Work Laptop")));
        assert_eq!(messages, [""; 0]);
    }
    // Metadata are any JSON; `external_id` names the user elsewhere, and an export also has Ory's own id.
    real["id"] = json!("7f1e0e2c-8d3b-4f0e-9b8e-2b1f3c9a6d5e");
    assert_eq!(only(PasskeyFormat::Ory, &real).0["id"], real["id"]);
    real["external_id"] = json!("user_7");
    real["metadata_admin"] = json!([1]);
    let (user, messages) = only(PasskeyFormat::Ory, &real);
    assert_eq!(user["id"], "user_7");
    assert_eq!(messages, ["record 1: lost: metadata_admin: not kept"]);
}

#[test]
fn passkeys_are_read_from_a_list_of_methods() {
    let key = Forger::new(b"").row().public_key;
    let method = |public_key: &[u8]| {
        json!({
            "id": "passkey|1", "type": "passkey", "credential_device_type": "single_device",
            "credential_backed_up": false, "identity_user_id": "u", "key_id": "AQID", "public_key": base64url(public_key),
            "transports": ["internal"], "user_agent": "Example/1.0", "user_handle": "aGFuZGxl",
            "relying_party_id": "login.example.com", "usage": ["primary"], "created_at": "2025-01-01T00:00:00.000Z",
        })
    };
    let totp = json!({"id": "totp|1", "type": "totp"});
    let listing = json!({"authentication_methods": [totp, method(&key)]});
    let (user, messages) = only(PasskeyFormat::AuthenticationMethods, &listing);
    let passkey = &user["credentials"][0];
    assert_eq!((&passkey["public_key"], &passkey["backup_eligible"]), (&json!(base64url(&key)), &json!(false)));
    assert_eq!((&passkey["rp_id"], &passkey["created_at"]), (&json!("login.example.com"), &json!(1_735_689_600)));
    assert_eq!(messages[0], "record 1: lost: type: not a passkey, skipped");
    assert_eq!(messages.len(), 4, "{messages:?}");
    let (_, converted) = to_ours(PasskeyFormat::AuthenticationMethods, &json!([method(b"what is it?")]));
    assert!(converted.messages.last().unwrap().contains("refused: public_key: "), "{:?}", converted.messages);
}
