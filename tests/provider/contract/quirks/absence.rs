//! Absence in each provider's own spelling: left out, `null`, `""`, `[]`.

use passbridge::model::member::Member;
use passbridge::model::message::Response;
use passbridge::model::operation::Operation::{LoginBegin, LoginFinish, RegistrationBegin};
use passbridge::model::registration::{Algorithm, CredentialCreation};
use passbridge::provider::wire_format::UpstreamError;

use crate::contract::quirks::{changed, missing, request, response};
use crate::fixture;
use crate::wire;

#[test]
fn absent_user_handle_has_each_providers_form() {
    for (provider, handle, written) in [
        ("streambird", r#","userHandle":"dXNlcl8yNHdGUDlwRGE5WWlNSkx1bjk0aUt5a29aczI""#, r#","userHandle":null}"#),
        ("auth0", r#","userHandle":"--__AAECAwQFBgcICQoLDA""#, r#"IiIiIiIg"}"#),
        ("flashback", r#","userHandle":"--__AAECAwQFBgcICQoLDA""#, r#"IiIiIiIg"}"#),
        ("quiva", r#",\"userHandle\":\"--__AAECAwQFBgcICQoLDA\""#, r#"IiIiIiIg\"}"#),
    ] {
        let quote = if provider == "quiva" { "\\\"" } else { "\"" };
        let null = format!(",{quote}userHandle{quote}:null");
        let empty = format!(",{quote}userHandle{quote}:{quote}{quote}");
        for absent in ["", &null, &empty] {
            let fixture = changed(provider, "login.finish.request", handle, absent);
            let content = request(&fixture, LoginFinish, |read| {
                let read = read.unwrap();
                assert_eq!(read.record().value(Member::CredentialUserHandle), None);
                wire::request(fixture.provider(), LoginFinish, read.record()).content
            });
            assert!(content.contains(written), "{provider}: {content}");
        }
    }
}

#[test]
fn cloudreve_requires_a_user_handle() {
    let fixture = changed("apifox", "login.finish.request", r#",\"userHandle\":\"Ym5Vbg\""#, "");
    assert!(request(&fixture, LoginFinish, missing));
}

#[test]
fn absent_session_encodes_as_null() {
    let mut fixture = fixture::one("streambird", "login.finish.response");
    let start = fixture.content.find(r#""session_token""#).unwrap();
    fixture.content.replace_range(start.., r#""session_token":"","session_jwt":"","session":null}"#);
    response(&fixture, LoginFinish, |read| {
        let Ok(Response::LoginFinish(sign_in)) = read else { panic!("{read:?}") };
        assert_eq!(
            (&sign_in.tokens_session, &sign_in.tokens_access, &sign_in.tokens_session_details),
            (&None, &None, &None)
        );
        assert_eq!(wire::response(fixture.provider(), LoginFinish, &**sign_in).content, fixture.content);
    });
}

#[test]
fn absent_list_is_empty_where_optional_and_missing_where_required() {
    let mut quiva = fixture::one("quiva", "login.begin.response");
    let list = quiva.content.find(r#""allowCredentials":["#).unwrap()..quiva.content.find("],\"userVer").unwrap();
    quiva.content.replace_range(list, r#""allowCredentials":["#);
    response(&quiva, LoginBegin, |read| {
        let Ok(Response::LoginBegin(options)) = read else { panic!("{read:?}") };
        assert!(options.allow_credentials.is_empty());
        let written = wire::response(quiva.provider(), LoginBegin, &**options).content;
        assert!(!written.contains("allowCredentials"), "{written}");
    });
    let mut streambird = fixture::one("streambird", "login.begin.response");
    let list =
        streambird.content.find(r#""allowCredentials":["#).unwrap()..streambird.content.find("],\"userVer").unwrap();
    streambird.content.replace_range(list, r#""allowCredentials":["#);
    response(&streambird, LoginBegin, |read| assert!(matches!(read, Err(UpstreamError::Broken(_))), "{read:?}"));
}

#[test]
fn absent_options_omit_their_table() {
    let creation = CredentialCreation {
        challenge: Some(vec![1; 32].into()),
        rp_id: Some("example.com".into()),
        rp_name: Some("Example".into()),
        user_handle: Some(vec![2; 16].into()),
        user_name: Some("user".into()),
        user_display_name: Some("User".into()),
        algorithms: vec![Algorithm { alg: Some(-7), ..Default::default() }],
        session: Some("session".into()),
        ..Default::default()
    };
    let written = wire::response(wire::provider("auth0"), RegistrationBegin, &creation).content;
    assert!(!written.contains("authenticatorSelection"), "{written}");
    assert!(written.contains(r#"[{"type":"public-key","alg":-7}]"#), "an absent type is public-key: {written}");
}
