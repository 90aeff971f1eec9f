//! Login finishes that must fail and change nothing.

use super::forger::{Forger, UP, UV};
use super::{TestDirectory, begin_login, finish_login};
use crate::model::assertion::{AssertionRequest, AssertionResponse, CredentialAssertion, SignIn};
use crate::model::fault::{Fault, Refusal};
use crate::model::user_verification::UserVerification;
use crate::relying_party::RelyingParty;
use crate::relying_party::directory::Store;
use crate::relying_party::directory::credential::Credential;

pub(super) fn for_ada() -> AssertionRequest<'static> {
    AssertionRequest { user_id: Some("user_ada".into()), ..AssertionRequest::default() }
}

pub(super) async fn begin(own: &RelyingParty, request: AssertionRequest<'_>) -> CredentialAssertion<'static> {
    begin_login(own, request, None).await.unwrap()
}

pub(super) async fn finish(
    own: &RelyingParty,
    answer: AssertionResponse<'_>,
    options: &CredentialAssertion<'_>,
) -> Result<SignIn<'static>, Refusal> {
    finish_login(own, answer, options.session.as_deref(), None).await
}

pub(super) fn stored(store: &Store, id: &[u8]) -> Credential {
    Credential::by_id(store.connection(), id).unwrap().unwrap()
}

/// Refused with that fault, and nothing in the directory has changed.
async fn assert_refused(
    place: &TestDirectory,
    own: &RelyingParty,
    answer: AssertionResponse<'_>,
    options: &CredentialAssertion<'_>,
    fault: Fault,
) -> String {
    let trace = |store: &Store| {
        let tokens: i64 =
            store.connection().query_row("SELECT count(*) FROM opaque_tokens", [], |row| row.get(0)).unwrap();
        let credentials =
            ["user_ada", "user_bob"].map(|user| Credential::all_of_user(store.connection(), user).unwrap());
        (tokens, credentials)
    };
    let store = place.store();
    let before = trace(&store);
    let refusal = finish(own, answer, options).await.unwrap_err();
    assert_eq!(refusal.fault, fault, "{}", refusal.reason);
    assert_eq!(trace(&store), before);
    refusal.reason.into_owned()
}

#[tokio::test]
async fn sign_in_raises_the_counter() {
    let place = TestDirectory::new();
    let own = place.open();
    let store = place.store();
    let ada = Forger::of_ada(&store);
    let options = begin(&own, for_ada()).await;
    let signed_in = finish(&own, ada.answer(&options), &options).await.unwrap();
    assert_eq!(signed_in.user_id.as_deref(), Some("user_ada"));
    assert_eq!(stored(&store, &ada.credential_id).sign_count, 6);
}

#[tokio::test]
async fn changed_response_is_refused() {
    let place = TestDirectory::new();
    let own = place.open();
    let ada = Forger::of_ada(&place.store());
    let options = begin(&own, for_ada()).await;
    let good = ada.answer(&options);
    let flip = |bytes: &Option<std::borrow::Cow<'static, [u8]>>, at: usize| {
        let mut bytes = bytes.clone().unwrap().into_owned();
        bytes[at] ^= 1;
        Some(bytes.into())
    };
    let length = good.credential_authenticator_data.as_ref().unwrap().len();
    for at in 0..length {
        let authenticator_data = flip(&good.credential_authenticator_data, at);
        let answer = AssertionResponse { credential_authenticator_data: authenticator_data, ..good.clone() };
        assert_refused(&place, &own, answer, &options, Fault::AssertionRejected).await;
    }
    let signature = flip(&good.credential_signature, 10);
    let answer = AssertionResponse { credential_signature: signature, ..good.clone() };
    assert_refused(&place, &own, answer, &options, Fault::AssertionRejected).await;
    let credential_id = flip(&good.credential_id, 0);
    let answer = AssertionResponse { credential_id, ..good.clone() };
    assert_refused(&place, &own, answer, &options, Fault::AssertionRejected).await;
    for missing in [
        AssertionResponse { credential_id: None, ..good.clone() },
        AssertionResponse { credential_client_data_json: None, ..good.clone() },
        AssertionResponse { credential_authenticator_data: None, ..good.clone() },
        AssertionResponse { credential_signature: None, ..good.clone() },
    ] {
        assert_refused(&place, &own, missing, &options, Fault::InvalidRequest).await;
    }
    finish(&own, good, &options).await.unwrap();
}

#[tokio::test]
async fn challenge_of_another_ceremony_is_expired() {
    let place = TestDirectory::new();
    let own = place.open();
    let ada = Forger::of_ada(&place.store());
    let [one, other] = [begin(&own, for_ada()).await, begin(&own, for_ada()).await];
    assert_refused(&place, &own, ada.answer(&one), &other, Fault::ChallengeExpired).await;
    let unknown = CredentialAssertion { session: None, ..one.clone() };
    assert_refused(&place, &own, ada.answer(&one), &unknown, Fault::ChallengeExpired).await;
    let nonsense = CredentialAssertion { session: Some("nonsense".into()), ..one.clone() };
    assert_refused(&place, &own, ada.answer(&one), &nonsense, Fault::ChallengeExpired).await;
}

#[tokio::test]
async fn origin_relying_party_presence_and_type_are_checked() {
    let place = TestDirectory::new();
    let own = place.open();
    let ada = Forger::of_ada(&place.store());
    let options = begin(&own, for_ada()).await;
    for lie in [
        Forger { origin: "http://localhost:8081", ..ada.clone() },
        Forger { origin: "https://localhost:8080", ..ada.clone() },
        Forger { rp_id: "example.com", ..ada.clone() },
        Forger { flags: UV, ..ada.clone() },
    ] {
        assert_refused(&place, &own, lie.answer(&options), &options, Fault::AssertionRejected).await;
    }
}

#[tokio::test]
async fn counter_that_does_not_rise_is_refused() {
    let place = TestDirectory::new();
    let own = place.open();
    let ada = Forger::of_ada(&place.store());
    for count in [0, 4, 5] {
        let options = begin(&own, for_ada()).await;
        let copy = Forger { count, ..ada.clone() };
        let reason = assert_refused(&place, &own, copy.answer(&options), &options, Fault::AssertionRejected).await;
        assert!(reason.contains("counter"), "{reason}");
    }
    let options = begin(&own, for_ada()).await;
    finish(&own, ada.answer(&options), &options).await.unwrap();
    let options = begin(&own, for_ada()).await;
    assert_refused(&place, &own, ada.answer(&options), &options, Fault::AssertionRejected).await;
}

#[tokio::test]
async fn another_users_passkey_does_not_finish_a_named_ceremony() {
    let place = TestDirectory::new();
    let own = place.open();
    let store = place.store();
    // Bob's passkey is older, so that its age does not keep it off the list.
    let (bob, ada) = (Forger::of_bob(&store), Forger::of_ada(&store));
    let options = begin(&own, for_ada()).await;
    assert_refused(&place, &own, bob.answer(&options), &options, Fault::AssertionRejected).await;
    // Bob's passkey with Ada's name, and Ada's with Bob's.
    let in_her_name = Forger { user_handle: ada.user_handle.clone(), ..bob.clone() };
    assert_refused(&place, &own, in_her_name.answer(&options), &options, Fault::AssertionRejected).await;
    let in_his_name = Forger { user_handle: bob.user_handle.clone(), ..ada.clone() };
    assert_refused(&place, &own, in_his_name.answer(&options), &options, Fault::AssertionRejected).await;
    // The user handle may be absent if the user is known.
    let without = Forger { user_handle: None, ..ada.clone() };
    finish(&own, without.answer(&options), &options).await.unwrap();
}

#[tokio::test]
async fn authenticator_must_name_the_user_if_the_begin_does_not() {
    let place = TestDirectory::new();
    let own = place.open();
    let store = place.store();
    let (ada, bob) = (Forger::of_ada(&store), Forger::of_bob(&store));
    let options = begin(&own, AssertionRequest::default()).await;
    let dummy = Forger { user_handle: None, ..ada.clone() };
    assert_refused(&place, &own, dummy.answer(&options), &options, Fault::AssertionRejected).await;
    let other = Forger { user_handle: bob.user_handle.clone(), ..ada.clone() };
    assert_refused(&place, &own, other.answer(&options), &options, Fault::AssertionRejected).await;
    let named = AssertionResponse { user_email: Some("bob@b.b".into()), ..ada.answer(&options) };
    assert_refused(&place, &own, named, &options, Fault::AssertionRejected).await;
    let named = AssertionResponse { user_email: Some("ada@example.com".into()), ..ada.answer(&options) };
    finish(&own, named, &options).await.unwrap();
}

#[tokio::test]
async fn ceremony_of_a_user_is_finished_by_the_same_user() {
    let place = TestDirectory::new();
    let own = place.open();
    let store = place.store();
    let (ada, bob) = (Forger::of_ada(&store), Forger::of_bob(&store));
    let options = begin_login(&own, AssertionRequest::default(), Some("user_ada")).await.unwrap();
    for caller in [None, Some("user_bob")] {
        let refusal = finish_login(&own, ada.answer(&options), options.session.as_deref(), caller).await.unwrap_err();
        assert_eq!(refusal.fault, Fault::Forbidden);
    }
    let answer = bob.answer(&options);
    let refusal = finish_login(&own, answer, options.session.as_deref(), Some("user_ada")).await.unwrap_err();
    assert_eq!(refusal.fault, Fault::AssertionRejected);
    finish_login(&own, ada.answer(&options), options.session.as_deref(), Some("user_ada")).await.unwrap();

    let options = begin(&own, AssertionRequest::default()).await;
    let answer = ada.answer(&options);
    let refusal = finish_login(&own, answer, options.session.as_deref(), Some("user_bob")).await.unwrap_err();
    assert_eq!(refusal.fault, Fault::Forbidden);
}

#[tokio::test]
async fn passkey_registered_after_the_begin_is_refused() {
    let place = TestDirectory::new();
    let own = place.open();
    let store = place.store();
    let ada = Forger::of_ada(&store);
    let options = begin(&own, for_ada()).await;
    let newer = Forger { credential_id: vec![0xAA; 16], ..Forger::new(ada.user_handle.as_ref().unwrap()) };
    let row = Credential { handle: "credential_newer".into(), ..newer.row() };
    row.insert(store.connection()).unwrap();
    assert_refused(&place, &own, newer.answer(&options), &options, Fault::AssertionRejected).await;
    let options = begin(&own, for_ada()).await;
    finish(&own, newer.answer(&options), &options).await.unwrap();
}

#[tokio::test]
async fn passkey_of_another_relying_party_is_refused() {
    let place = TestDirectory::new();
    let own = place.open();
    let store = place.store();
    let ada = Forger::of_ada(&store);
    store.connection().execute("UPDATE credentials SET rp_id = 'elsewhere.example'", []).unwrap();
    let options = begin(&own, AssertionRequest::default()).await;
    assert_refused(&place, &own, ada.answer(&options), &options, Fault::AssertionRejected).await;
}

#[tokio::test]
async fn finish_must_meet_the_user_verification_of_its_begin() {
    let place = TestDirectory::new();
    let own = place.open();
    let ada = Forger::of_ada(&place.store());
    let without = Forger { flags: UP, ..ada.clone() };
    let strict = own.at_least(UserVerification::Required);
    let options = begin(&strict, for_ada()).await;
    assert_eq!(options.user_verification.as_deref(), Some("required"));
    // A finish on a route with weaker requirements changes nothing.
    for own in [&strict, &own, &own.at_least(UserVerification::Discouraged)] {
        let reason = assert_refused(&place, own, without.answer(&options), &options, Fault::AssertionRejected).await;
        assert!(reason.contains("verified"), "{reason}");
    }
    let lax = own.at_least(UserVerification::Discouraged);
    let options = begin(&lax, for_ada()).await;
    assert_eq!(options.user_verification.as_deref(), Some("preferred"));
    finish(&lax, without.answer(&options), &options).await.unwrap();
}

#[tokio::test]
async fn unlisted_audience_is_refused_first() {
    let place = TestDirectory::new();
    let own = place.open();
    let ada = Forger::of_ada(&place.store());
    let options = begin(&own, for_ada()).await;
    let ask = |audience: &'static str| AssertionResponse { audience: Some(audience.into()), ..ada.answer(&options) };
    assert_refused(&place, &own, ask("https://other.example.com"), &options, Fault::InvalidRequest).await;
    let signed_in = finish(&own, ask("https://api.example.com"), &options).await.unwrap();
    assert_eq!(own.verify(&signed_in.tokens_access.unwrap()).await.unwrap().as_str(), "user_ada");
}
