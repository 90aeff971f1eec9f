//! Paths, query parameters and header fields.

use passbridge::model::fault::Fault;
use passbridge::model::message::Request;
use passbridge::model::operation::Operation::{CredentialsDelete, LoginBegin, RegistrationBegin};
use passbridge::provider::descriptor::Accepts;
use passbridge::provider::template::decode_context::DecodeError;
use passbridge::provider::wire_format::UpstreamError;

use crate::contract::quirks::{missing, request, response, same_request};
use crate::fixture::{self, Fixture};
use crate::wire;

#[test]
fn cloudreve_credential_id_may_be_unencoded_in_the_query() {
    let example = fixture::one("apifox", "credentials.delete.request");
    let mut bare = example.clone();
    let query = &mut bare.request.as_mut().unwrap().2;
    *query = query.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
    same_request(&example, &bare, CredentialsDelete);
    bare.request.as_mut().unwrap().2 = format!("{0}&{0}", example.request.as_ref().unwrap().2);
    request(&bare, CredentialsDelete, |read| {
        let Err(DecodeError::Broken(defect)) = read else { panic!("{read:?}") };
        assert_eq!(defect.to_string(), "The query parameter `id` occurs more than once.");
    });
}

#[test]
fn auth0_path_ids_are_percent_encoded() {
    let mut fixture = fixture::one("auth0", "credentials.delete.request");
    for path in [
        "/me/v1/authentication-methods/passkey%7Cfake0000000000",
        "/me/v1/authentication-methods/passkey|fake0000000000",
    ] {
        fixture.request.as_mut().unwrap().1 = path.into();
        request(&fixture, CredentialsDelete, |read| {
            let Ok(Request::CredentialsDelete(deletion)) = read else { panic!("{read:?}") };
            assert_eq!(deletion.credential_handle.as_deref(), Some("passkey|fake0000000000"));
        });
    }
    fixture.request.as_mut().unwrap().1 = "/me/v1/authentication-methods/a/b".into();
    request(&fixture, CredentialsDelete, |read| assert_eq!(read, Err(&DecodeError::NotThisMessage)));
}

#[test]
fn dot_segments_are_refused_in_paths() {
    for handle in [".", ".."] {
        let mut fixture = fixture::one("streambird", "credentials.delete.request");
        fixture.request.as_mut().unwrap().1 = format!("/v1/auth/users/webauthn_credentials/{handle}/delete");
        request(&fixture, CredentialsDelete, |read| {
            let template = wire::template(fixture.provider(), CredentialsDelete);
            assert!(template.write_request(read.unwrap().record(), wire::writing()).is_err(), "{handle}");
        });
    }
}

#[test]
fn bearer_scheme_is_case_insensitive_and_required() {
    let mut fixture = fixture::one("flashback", "login.begin.request");
    for (value, token) in [("bearer fake-access-token", true), ("Basic eDp5", false), ("Bearer ", false)] {
        fixture.fields.insert("authorization", value.parse().unwrap());
        request(&fixture, LoginBegin, |read| {
            assert_eq!(read.is_ok(), token, "{value}");
            assert!(token || missing(read));
        });
    }
    fixture.fields.insert("authorization", "Bearer first".parse().unwrap());
    fixture.fields.append("authorization", "Bearer second".parse().unwrap());
    request(&fixture, LoginBegin, |read| {
        let Err(DecodeError::Broken(defect)) = read else { panic!("{read:?}") };
        assert_eq!(defect.to_string(), "The field `authorization` occurs more than once.");
    });
}

#[test]
fn cloudreve_accepts_any_media_type() {
    let provider = wire::provider("apifox");
    assert_eq!(provider.accepts, Accepts::Any);
    assert_eq!(provider.content_type, "application/json; charset=utf-8");
    assert_eq!(wire::provider("auth0").accepts, Accepts::Json);
}

#[test]
fn undocumented_content_is_ignored() {
    let example = fixture::one("apifox", "login.begin.request");
    for content in ["null", "{}", "\u{0}"] {
        same_request(&example, &Fixture { content: content.into(), ..example.clone() }, LoginBegin);
    }
}

#[test]
fn refused_bearer_needs_no_envelope() {
    for provider in ["quiva", "flashback", "streambird", "auth0"] {
        let answer = Fixture {
            provider: provider.into(),
            status: Some(401),
            content: "Unauthorized".into(),
            ..Fixture::default()
        };
        response(&answer, RegistrationBegin, |read| {
            assert!(matches!(read, Err(UpstreamError::Fault(Fault::Unauthenticated, _))), "{provider}: {read:?}");
        });
    }
}
