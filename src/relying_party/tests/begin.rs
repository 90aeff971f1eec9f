//! Login begins.

use super::{TestDirectory, begin_login, settings};
use crate::model::assertion::AssertionRequest;
use crate::model::fault::Fault;
use crate::model::user_verification::UserVerification;
use crate::relying_party::RelyingParty;
use crate::relying_party::config::EmbeddedSettings;
use crate::relying_party::directory::credential::Credential;
use crate::relying_party::directory::user::User;

fn for_email(email: &str) -> AssertionRequest<'_> {
    AssertionRequest { user_email: Some(email.into()), ..AssertionRequest::default() }
}

async fn fault(own: &RelyingParty, request: AssertionRequest<'_>) -> Fault {
    begin_login(own, request, None).await.unwrap_err().fault
}

#[tokio::test]
async fn demo_user_has_a_passkey_from_the_first_start() {
    let own = TestDirectory::new();
    let own = own.open();
    let options = begin_login(&own, for_email("Demo@Example.com"), None).await.unwrap();
    assert_eq!(options.challenge.unwrap().len(), 32);
    assert_eq!(options.timeout, Some(300_000));
    assert_eq!(options.rp_id.as_deref(), Some("localhost"));
    assert_eq!(options.user_verification.as_deref(), Some("preferred"));
    assert_eq!(options.user_id.as_deref(), Some("user_demo"));
    let [credential] = options.allow_credentials.as_slice() else { panic!("one credential") };
    assert_eq!(credential.r#type.as_deref(), Some("public-key"));
    assert_eq!(credential.id.as_ref().unwrap().len(), 32);
    assert_eq!(*credential.transports, ["internal", "hybrid"]);
}

#[tokio::test]
async fn begin_without_a_user_lists_no_credentials() {
    let own = TestDirectory::new();
    let own = own.open();
    let first = begin_login(&own, AssertionRequest::default(), None).await.unwrap();
    let second = begin_login(&own, AssertionRequest::default(), None).await.unwrap();
    assert!(first.allow_credentials.is_empty() && first.user_id.is_none());
    assert_ne!(first.challenge, second.challenge);
}

#[tokio::test]
async fn begin_is_for_the_caller() {
    let own = TestDirectory::new();
    let own = own.open();
    let options = begin_login(&own, AssertionRequest::default(), Some("user_demo")).await.unwrap();
    assert_eq!(options.user_id.as_deref(), Some("user_demo"));
    let other = begin_login(&own, for_email("other@example.com"), Some("user_demo")).await.unwrap_err();
    assert_eq!(other.fault, Fault::Forbidden);
}

#[tokio::test]
async fn begin_without_passkeys_is_refused() {
    let place = TestDirectory::new();
    let own = place.open();
    assert_eq!(fault(&own, for_email("nobody@example.com")).await, Fault::UnknownUser);
    let domain = AssertionRequest { rp_id: Some("example.com".into()), ..AssertionRequest::default() };
    let refusal = begin_login(&own, domain, None).await.unwrap_err();
    assert_eq!(refusal.fault, Fault::InvalidRequest);
    assert!(refusal.message.contains("domain"), "{}", refusal.message);

    let store = place.store();
    let user = User::by_id(store.connection(), "user_demo").unwrap().unwrap();
    let bare = User { id: "bare".into(), handle: vec![1], email: Some("bare@example.com".into()), ..user };
    bare.insert(store.connection()).unwrap();
    assert_eq!(fault(&own, for_email("bare@example.com")).await, Fault::UnknownUser);
    let mut elsewhere = Credential::of_user(store.connection(), "user_demo", "localhost").unwrap().remove(0);
    elsewhere = Credential { id: vec![1], user_id: "bare".into(), handle: "h".into(), ..elsewhere };
    elsewhere.rp_id = "elsewhere.example".into();
    elsewhere.insert(store.connection()).unwrap();
    assert_eq!(fault(&own, for_email("bare@example.com")).await, Fault::UnknownUser);
}

#[tokio::test]
async fn response_has_the_settings() {
    let place = TestDirectory::new();
    let own = place.open_with(&EmbeddedSettings {
        user_verification: UserVerification::Required,
        timeout_ms: 60_000,
        demo: false,
        ..settings()
    });
    let options = begin_login(&own, AssertionRequest::default(), None).await.unwrap();
    assert_eq!(options.user_verification.as_deref(), Some("required"));
    assert_eq!(options.timeout, Some(60_000));
    assert_eq!(fault(&own, for_email("demo@example.com")).await, Fault::UnknownUser);
    assert_eq!(own.demo_token(), None);
}

#[tokio::test]
async fn restart_keeps_the_demo_user() {
    let place = TestDirectory::new();
    let ids = |own: RelyingParty| async move {
        begin_login(&own, for_email("demo@example.com"), None).await.unwrap().allow_credentials
    };
    let first = ids(place.open()).await;
    assert_eq!(ids(place.open()).await, first);
}

#[test]
fn one_relying_party_serves_several_runtimes() {
    let place = TestDirectory::new();
    let own = place.open();
    let threads = [(); 3].map(|()| {
        let own = own.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(begin_login(&own, for_email("demo@example.com"), None)).unwrap()
        })
    });
    for thread in threads {
        assert_eq!(thread.join().unwrap().allow_credentials.len(), 1);
    }
}
