//! The life cycle of a passkey, with a client and an authenticator of another library.

use serde_json::Value;

use super::authenticator::Device;
use super::{
    TestDirectory, begin_login, begin_registration, begin_signup, delete, finish_login, finish_registration,
    finish_signup, list, refresh,
};
use crate::model::assertion::{AssertionRequest, AssertionResponse, SignIn};
use crate::model::credentials::{DeletionRequest, ListRequest};
use crate::model::fault::Fault;
use crate::model::operation::Operation;
use crate::model::record::Record;
use crate::model::registration::{AttestationResponse, CreationRequest};
use crate::model::session::RefreshRequest;
use crate::relying_party::RelyingParty;
use crate::relying_party::capability::{Presence, gives};

fn assert_gives(operation: Operation, response: &dyn Record<'_>, with_user: bool) {
    for member in response.members() {
        let presence = gives(operation).iter().find(|(given, _)| given == member).map(|(_, presence)| *presence);
        let expected = match presence {
            Some(Presence::Always) => Some(true),
            Some(Presence::WithUser) => Some(with_user),
            Some(Presence::Sometimes) => None,
            None => Some(false),
        };
        assert!(expected.is_none_or(|expected| expected == response.has(*member)), "{operation:?} {member:?}");
    }
}

async fn sign_up(own: &RelyingParty, device: &mut Device) -> SignIn<'static> {
    let request = CreationRequest {
        user_email: Some("grace@example.com".into()),
        user_name: Some("Grace".into()),
        user_metadata: Some(r#"{"plan":"free"}"#.into()),
        ..CreationRequest::default()
    };
    let options = begin_signup(own, request, None).await.unwrap();
    assert_gives(Operation::SignupBegin, &options, true);
    assert_eq!(options.user_name.as_deref(), Some("grace@example.com"));
    assert_eq!(options.user_display_name.as_deref(), Some("Grace"));
    let algorithms: Vec<_> = options.algorithms.iter().filter_map(|algorithm| algorithm.alg).collect();
    assert_eq!(algorithms, [-7, -8, -35, -257]);
    let finish = AttestationResponse {
        client_id: Some("app".into()),
        scope: Some("openid email".into()),
        ..device.create(&options).await
    };
    let signed_in = finish_signup(own, finish, options.session.as_deref(), None).await.unwrap();
    assert_gives(Operation::SignupFinish, &signed_in, true);
    assert_eq!(signed_in.user_id, options.user_id);
    signed_in
}

async fn sign_in(own: &RelyingParty, device: &mut Device, request: AssertionRequest<'_>) -> SignIn<'static> {
    let named = request.user_email.is_some();
    let options = begin_login(own, request, None).await.unwrap();
    assert_gives(Operation::LoginBegin, &options, named);
    let answer = device.get(&options).await;
    let signed_in = finish_login(own, answer, options.session.as_deref(), None).await.unwrap();
    assert_gives(Operation::LoginFinish, &signed_in, true);
    signed_in
}

#[tokio::test]
async fn sign_up_sign_in_add_another_list_and_delete() {
    let place = TestDirectory::new();
    let own = place.open();
    let mut phone = Device::default();
    let user = sign_up(&own, &mut phone).await;
    let user_id = user.user_id.clone().unwrap();
    assert_eq!(own.verify(user.tokens_access.as_deref().unwrap()).await.unwrap().as_str(), user_id);

    // with a user, without a user, and after a restart
    let by_email = AssertionRequest { user_email: Some("GRACE@example.com".into()), ..AssertionRequest::default() };
    let first = sign_in(&own, &mut phone, by_email.clone()).await;
    let second = sign_in(&own, &mut phone, AssertionRequest::default()).await;
    drop(own);
    let own = place.open();
    let third = sign_in(&own, &mut phone, by_email.clone()).await;
    for signed_in in [&first, &second, &third] {
        assert_eq!(signed_in.user_id.as_deref(), Some(&*user_id));
        assert_eq!(signed_in.credential_handle, user.credential_handle);
        assert_eq!(signed_in.user_name.as_deref(), Some("Grace"));
    }
    assert_ne!(first.tokens_refresh, second.tokens_refresh);

    // a second device, for the user who is signed in
    let mut key = Device::default();
    let options = begin_registration(&own, CreationRequest::default(), Some(&user_id)).await.unwrap();
    assert_gives(Operation::RegistrationBegin, &options, true);
    assert_eq!(options.exclude_credentials.len(), 1);
    let finish = AttestationResponse { credential_name: Some("Key".into()), ..key.create(&options).await };
    let registered = finish_registration(&own, finish, options.session.as_deref(), Some(&user_id)).await.unwrap();
    assert_gives(Operation::RegistrationFinish, &registered, true);
    sign_in(&own, &mut key, by_email.clone()).await;

    let listed = list(&own, ListRequest::default(), Some(&user_id)).await.unwrap().credentials;
    let names: Vec<_> = listed.iter().map(|credential| credential.name.as_deref()).collect();
    assert_eq!(names, [None, Some("Key")]);
    assert!(listed.iter().all(|credential| credential.last_used_at.is_some()));
    assert_eq!(*listed[1].transports, ["internal"]);

    // A begin, then the deletion, then the finish, which fails.
    let options = begin_login(&own, by_email.clone(), None).await.unwrap();
    let answer = key.get(&options).await;
    let by_handle = DeletionRequest { credential_handle: registered.credential_handle, ..DeletionRequest::default() };
    let deletion = delete(&own, by_handle, Some(&user_id)).await.unwrap();
    assert_gives(Operation::CredentialsDelete, &deletion, true);
    let refusal = finish_login(&own, answer, options.session.as_deref(), None).await.unwrap_err();
    assert_eq!(refusal.fault, Fault::AssertionRejected);
    assert_eq!(list(&own, ListRequest::default(), Some(&user_id)).await.unwrap().credentials.len(), 1);
    sign_in(&own, &mut phone, by_email).await;
}

#[tokio::test]
async fn id_token_names_the_client_and_is_not_an_access_token() {
    let place = TestDirectory::new();
    let own = place.open();
    let mut device = Device::default();
    let signed_in = sign_up(&own, &mut device).await;
    let id_token = signed_in.tokens_id.unwrap();
    let claims = jsonwebtoken::dangerous::insecure_decode::<Value>(id_token.as_bytes()).unwrap().claims;
    assert_eq!(claims["aud"], "app");
    assert_eq!(claims["iss"], "http://localhost:8080/");
    assert_eq!(claims["sub"], &*signed_in.user_id.unwrap());
    assert_eq!(claims["email"], "grace@example.com");
    assert_eq!(signed_in.tokens_scope.as_deref(), Some("openid email"));
    assert_eq!(own.verify(&id_token).await.unwrap_err().fault, Fault::Unauthenticated);

    let options = begin_login(&own, AssertionRequest::default(), None).await.unwrap();
    let plain = finish_login(&own, device.get(&options).await, options.session.as_deref(), None).await.unwrap();
    assert_eq!((plain.tokens_id, plain.tokens_scope, plain.tokens_session), (None, None, None));
}

#[tokio::test]
async fn session_token_is_valid_for_the_requested_lifetime() {
    let place = TestDirectory::new();
    let own = place.open();
    let mut device = Device::default();
    let user_id = sign_up(&own, &mut device).await.user_id.unwrap();
    let options = begin_login(&own, AssertionRequest::default(), None).await.unwrap();
    let ask = |lifetime, answer| AssertionResponse { session_lifetime: Some(lifetime), ..answer };
    let none = ask(0, device.get(&options).await);
    let refusal = finish_login(&own, none, options.session.as_deref(), None).await.unwrap_err();
    assert_eq!(refusal.fault, Fault::InvalidRequest);
    let long = ask(600, device.get(&options).await);
    let signed_in = finish_login(&own, long, options.session.as_deref(), None).await.unwrap();
    // No token outlives its session, however often it is refreshed.
    assert_eq!((signed_in.tokens_expires_in, signed_in.tokens_refresh_expires_in), (Some(600), Some(600)));
    let again = refreshing(signed_in.tokens_refresh.as_deref().unwrap(), None, None);
    let refreshed = refresh(&own, again, None).await.unwrap();
    assert!(refreshed.tokens_refresh_expires_in.unwrap() <= 600);
    assert_eq!(refreshed.tokens_session, None);
    let token = signed_in.tokens_session.unwrap();
    assert_eq!(own.verify(&token).await.unwrap().as_str(), user_id);
    assert_eq!(own.verify(&format!("{token}x")).await.unwrap_err().fault, Fault::Unauthenticated);
}

fn refreshing(token: &str, client: Option<&'static str>, scope: Option<&'static str>) -> RefreshRequest<'static> {
    RefreshRequest {
        tokens_refresh: Some(token.to_owned().into()),
        client_id: client.map(Into::into),
        scope: scope.map(Into::into),
        ..RefreshRequest::default()
    }
}

#[tokio::test]
async fn replayed_refresh_token_revokes_the_sign_in() {
    let place = TestDirectory::new();
    let own = place.open();
    let mut device = Device::default();
    let signed_in = sign_up(&own, &mut device).await;
    let old = signed_in.tokens_refresh.unwrap();
    let ask = |token: &str, client, scope| refresh(&own, refreshing(token, client, scope), None);
    for client in [None, Some("other")] {
        assert_eq!(ask(&old, client, None).await.unwrap_err().fault, Fault::AssertionRejected);
    }
    let fresh = ask(&old, Some("app"), Some("email")).await.unwrap();
    assert_gives(Operation::SessionRefresh, &fresh, true);
    assert_eq!(fresh.tokens_scope.as_deref(), Some("email"));
    assert_eq!(fresh.user_id, signed_in.user_id);
    assert!(own.verify(fresh.tokens_access.as_deref().unwrap()).await.is_ok());
    let fresh = ask(fresh.tokens_refresh.as_deref().unwrap(), Some("app"), None).await.unwrap();
    assert_eq!(fresh.tokens_scope.as_deref(), Some("openid email"), "a narrower scope applies to one refresh only");
    let new = fresh.tokens_refresh.unwrap();
    assert!(RelyingParty::may_have_made(&new));
    for token in [&old, &new] {
        let refusal = ask(token, Some("app"), None).await.unwrap_err();
        assert_eq!((refusal.fault, refusal.message.contains("refresh token")), (Fault::AssertionRejected, true));
    }
    let refusal = refresh(&own, RefreshRequest::default(), None).await.unwrap_err();
    assert_eq!(refusal.fault, Fault::InvalidRequest);
}

#[tokio::test]
async fn address_signs_up_once() {
    let place = TestDirectory::new();
    let own = place.open();
    let request = || CreationRequest { user_email: Some("Grace@example.com".into()), ..CreationRequest::default() };
    let late = begin_signup(&own, request(), None).await.unwrap();
    let answer = Device::default().create(&late).await;
    let misnamed = AttestationResponse { user_id: Some("user_demo".into()), ..answer.clone() };
    let refusal = finish_signup(&own, misnamed, late.session.as_deref(), None).await.unwrap_err();
    assert_eq!(refusal.fault, Fault::AssertionRejected);
    sign_up(&own, &mut Device::default()).await;
    assert_eq!(begin_signup(&own, request(), None).await.unwrap_err().fault, Fault::Conflict);
    let refusal = finish_signup(&own, answer, late.session.as_deref(), None).await.unwrap_err();
    assert_eq!(refusal.fault, Fault::Conflict);
    for email in [None, Some(""), Some("grace")] {
        let request = CreationRequest { user_email: email.map(Into::into), ..CreationRequest::default() };
        assert_eq!(begin_signup(&own, request, None).await.unwrap_err().fault, Fault::InvalidRequest);
    }
}
