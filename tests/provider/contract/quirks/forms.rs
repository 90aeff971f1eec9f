//! Forms of a message that are read and never written.

use base64::Engine as _;
use passbridge::model::message::Response;
use passbridge::model::operation::Operation::{
    CredentialsDelete, CredentialsList, LoginBegin, LoginFinish, RegistrationBegin, RegistrationFinish,
};
use passbridge::provider::template::decode_context::DecodeError;
use passbridge::provider::wire_format::UpstreamError;

use crate::contract::quirks::{changed, request, response, same_request, same_response};
use crate::fixture::{self, Fixture};
use crate::wire;

#[test]
fn quiva_options_decode_wrapped_in_public_key() {
    for (name, operation) in [("login.begin.response", LoginBegin), ("registration.begin.response", RegistrationBegin)]
    {
        let flat = fixture::one("quiva", name);
        let mut wrapped = flat.clone();
        let data = flat.content.strip_prefix(r#"{"data":"#).and_then(|rest| rest.strip_suffix('}')).unwrap();
        wrapped.content = format!(r#"{{"data":{{"publicKey":{data}}}}}"#);
        same_response(&flat, &wrapped, operation);
    }
}

#[test]
fn credential_decodes_from_text_base64_and_object() {
    for (provider, name, operation, member) in [
        ("quiva", "login.finish.request", LoginFinish, "credential"),
        ("quiva", "registration.finish.request", RegistrationFinish, "credential"),
        ("apifox", "login.finish.request", LoginFinish, "response"),
        ("apifox", "registration.finish.request", RegistrationFinish, "response"),
    ] {
        let example = fixture::one(provider, name);
        let mut content: serde_json::Value = serde_json::from_str(&example.content).unwrap();
        let text = match &content[member] {
            serde_json::Value::String(text) => text.clone(),
            object => object.to_string(),
        };
        let engine = &base64::engine::general_purpose::STANDARD;
        for form in [serde_json::from_str(&text).unwrap(), engine.encode(&text).into(), format!(" {text}\n").into()] {
            content[member] = form;
            let other = Fixture { content: content.to_string(), ..example.clone() };
            same_request(&example, &other, operation);
        }
        for broken in ["{", "{}{}", "x", "e30="] {
            content[member] = broken.into();
            let other = Fixture { content: content.to_string(), ..example.clone() };
            request(&other, operation, |read| {
                assert!(matches!(read, Err(DecodeError::Broken(_))), "{broken}: {read:?}")
            });
        }
    }
}

#[test]
fn human_readable_texts_may_differ() {
    for (provider, name, operation, text) in [
        ("quiva", "credentials.delete.response", CredentialsDelete, "Passkey deleted"),
        ("flashback", "login.finish.response", LoginFinish, "MFA verified"),
        ("flashback", "registration.finish.response", RegistrationFinish, "Passkey registration completed"),
        ("flashback", "credentials.delete.response", CredentialsDelete, "MFA method disabled"),
        ("streambird", "credentials.delete.response", CredentialsDelete, "Credential deleted"),
    ] {
        same_response(&fixture::one(provider, name), &changed(provider, name, text, "Done."), operation);
    }
}

#[test]
fn error_is_reported_for_the_matching_form() {
    let mut fixture = changed("flashback", "login.finish.response", "MFA verified", "Done.");
    fixture.content = fixture.content.replace("fullAccessToken", "token");
    response(&fixture, LoginFinish, |read| {
        let Err(UpstreamError::Broken(DecodeError::Broken(defect))) = read else { panic!("{read:?}") };
        assert_eq!(defect.to_string(), "/fullAccessToken is required.");
    });
}

#[test]
fn undecodable_optional_member_is_ignored() {
    let fixture = changed("quiva", "registration.finish.response", r#""2025-01-01T00:00:00Z""#, "1735689600");
    response(&fixture, RegistrationFinish, |read| {
        let Ok(Response::RegistrationFinish(registered)) = read else { panic!("{read:?}") };
        assert_eq!(registered.credential_created_at, None);
        assert_eq!(registered.credential_name.as_deref(), Some("Example key"));
    });
    let fixture =
        changed("auth0", "registration.finish.response", "8PHy8_T19vf4-fr7_P3-_wABAgMEBQYHCAkKCwwNDg8", "not base64!");
    response(&fixture, RegistrationFinish, |read| {
        let Ok(Response::RegistrationFinish(registered)) = read else { panic!("{read:?}") };
        assert_eq!(registered.credential_id, None);
        assert_eq!(registered.credential_handle.as_deref(), Some("passkey|fake0000000000"));
    });
}

#[test]
fn methods_of_other_types_are_skipped() {
    let one = fixture::one("auth0", "credentials.list.response");
    let mut mixed = one.clone();
    mixed.content = one.content.replacen('[', r#"[{"id":"totp|1","type":"totp","transports":7},{"type":"sms"},"#, 1);
    same_response(&one, &mixed, CredentialsList);
    mixed.content = r#"{"authentication_methods":[{"type":"sms"}]}"#.into();
    response(&mixed, CredentialsList, |read| {
        let Ok(Response::CredentialsList(list)) = read else { panic!("{read:?}") };
        assert_eq!(list.credentials, []);
        assert_eq!(
            wire::response(mixed.provider(), CredentialsList, &**list).content,
            r#"{"authentication_methods":[]}"#
        );
    });
}

#[test]
fn absent_passkeys_are_an_empty_list_for_cloudreve() {
    let empty = Fixture {
        content: r#"{"data":{},"code":0,"msg":""}"#.into(),
        ..fixture::one("apifox", "credentials.list.response")
    };
    response(&empty, CredentialsList, |read| {
        let Ok(Response::CredentialsList(list)) = read else { panic!("{read:?}") };
        let written = wire::response(empty.provider(), CredentialsList, &**list).content;
        assert_eq!(written, r#"{"data":{"passkeys":[]},"code":0,"msg":""}"#);
    });
}
