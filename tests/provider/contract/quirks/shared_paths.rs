//! Messages on one path, distinguished by their constants.

use passbridge::model::fault::Fault;
use passbridge::model::operation::Operation::{
    CredentialsDelete, CredentialsList, LoginBegin, LoginFinish, RegistrationBegin, SignupFinish,
};
use passbridge::provider::template::decode_context::DecodeError;
use passbridge::provider::wire_format::UpstreamError;

use crate::contract::quirks::{changed, missing, request, response, same_response};
use crate::fixture::{self, Fixture};

#[test]
fn other_grant_or_factor_is_not_this_message() {
    for (provider, name, operation, from, to) in [
        ("auth0", "login.finish.request", LoginFinish, "grant-type:webauthn", "grant-type:other"),
        ("auth0", "signup.finish.request", SignupFinish, "grant-type:webauthn", "grant-type:other"),
        ("auth0", "registration.begin.request", RegistrationBegin, r#""passkey""#, r#""totp""#),
        ("flashback", "login.finish.request", LoginFinish, r#""PASSKEY""#, r#""GOOGLE_AUTH""#),
        ("flashback", "registration.begin.request", RegistrationBegin, r#""PASSKEY""#, r#""MAGIC_LINK""#),
        ("flashback", "credentials.delete.request", CredentialsDelete, r#""PASSKEY""#, r#""GOOGLE_AUTH""#),
    ] {
        let fixture = changed(provider, name, from, to);
        request(&fixture, operation, |read| assert_eq!(read, Err(&DecodeError::NotThisMessage), "{provider}/{name}"));
    }
    for (provider, name, operation, constant) in [
        ("auth0", "login.finish.request", LoginFinish, r#""grant_type":"urn:okta:params:oauth:grant-type:webauthn","#),
        ("auth0", "registration.begin.request", RegistrationBegin, r#""type":"passkey","#),
        ("flashback", "login.finish.request", LoginFinish, r#""mfaType":"PASSKEY","#),
    ] {
        let fixture = changed(provider, name, constant, "");
        request(&fixture, operation, |read| assert_eq!(read, Err(&DecodeError::NotThisMessage), "{provider}/{name}"));
    }
    let form = Fixture {
        content: "grant_type=refresh_token&refresh_token=x".into(),
        ..fixture::one("auth0", "login.finish.request")
    };
    request(&form, LoginFinish, |read| assert_eq!(read, Err(&DecodeError::NotThisMessage)));
}

#[test]
fn malformed_ceremony_is_broken_not_another_message() {
    for (provider, name, operation, from, to) in [
        ("auth0", "login.finish.request", LoginFinish, r#""type":"public-key","#, ""),
        ("streambird", "login.finish.request", LoginFinish, r#""type":"public-key","#, ""),
        ("flashback", "login.finish.request", LoginFinish, r#""signature""#, r#""sign""#),
    ] {
        assert!(request(&changed(provider, name, from, to), operation, missing), "{provider}");
    }
}

#[test]
fn login_and_signup_on_one_path_are_distinguished() {
    let (login, signup) =
        (fixture::one("auth0", "login.finish.request"), fixture::one("auth0", "signup.finish.request"));
    assert!(request(&login, SignupFinish, missing));
    assert!(request(&signup, LoginFinish, missing));
}

#[test]
fn list_of_another_type_is_not_this_message() {
    let mut fixture = fixture::one("auth0", "credentials.list.request");
    for (query, ours) in [("type=passkey", true), ("", true), ("type=totp", false)] {
        fixture.request.as_mut().unwrap().2 = query.into();
        request(&fixture, CredentialsList, |read| {
            assert_eq!(read.is_ok(), ours, "{query}");
            assert!(ours || read == Err(&DecodeError::NotThisMessage));
        });
    }
}

#[test]
fn success_flag_may_be_absent_but_not_false() {
    let example = fixture::one("flashback", "login.begin.response");
    same_response(&example, &changed("flashback", "login.begin.response", r#""success":true,"#, ""), LoginBegin);
    let denied = changed("flashback", "login.begin.response", r#""success":true"#, r#""success":false"#);
    response(&denied, LoginBegin, |read| {
        assert!(matches!(read, Err(UpstreamError::Fault(Fault::UpstreamFailed, _))), "{read:?}");
    });
}
