//! Registrations, lists and deletions that must fail.

use super::forger::{Forger, UP};
use super::{TestDirectory, begin_registration, delete, finish_registration, list};
use crate::model::credentials::{DeletionRequest, ListRequest};
use crate::model::fault::{Fault, Refusal};
use crate::model::registration::{AttestationResponse, CreationRequest, CredentialCreation, Registered};
use crate::model::user_verification::UserVerification;
use crate::relying_party::RelyingParty;
use crate::relying_party::directory::credential::Credential;

fn new_key() -> Forger {
    Forger { credential_id: vec![0xAA; 16], ..Forger::new(&[]) }
}

async fn begin(own: &RelyingParty, caller: &str) -> CredentialCreation<'static> {
    begin_registration(own, CreationRequest::default(), Some(caller)).await.unwrap()
}

async fn finish(
    own: &RelyingParty,
    answer: AttestationResponse<'_>,
    options: &CredentialCreation<'_>,
    caller: Option<&str>,
) -> Result<Registered<'static>, Refusal> {
    finish_registration(own, answer, options.session.as_deref(), caller).await
}

#[tokio::test]
async fn trusted_application_names_the_user() {
    let place = TestDirectory::new();
    let own = place.open();
    Forger::of_ada(&place.store());
    let request = |id: &'static str| CreationRequest { user_id: Some(id.into()), ..CreationRequest::default() };
    assert_eq!(begin_registration(&own, request("nobody"), None).await.unwrap_err().fault, Fault::UnknownUser);
    let dummy = begin_registration(&own, CreationRequest::default(), None).await.unwrap_err();
    assert_eq!(dummy.fault, Fault::InvalidRequest);
    let options = begin_registration(&own, request("user_ada"), None).await.unwrap();
    assert_eq!(options.user_handle.as_deref(), Some(&[1, 2, 3][..]));
    let registered = finish(&own, new_key().create(&options), &options, None).await.unwrap();
    assert_eq!(registered.credential_id.as_deref(), Some(&[0xAA; 16][..]));
}

#[tokio::test]
async fn ceremony_of_a_user_is_finished_by_the_same_user() {
    let place = TestDirectory::new();
    let own = place.open();
    let store = place.store();
    Forger::of_ada(&store);
    Forger::of_bob(&store);
    let options = begin(&own, "user_ada").await;
    for caller in [None, Some("user_bob")] {
        let refusal = finish(&own, new_key().create(&options), &options, caller).await.unwrap_err();
        assert_eq!(refusal.fault, Fault::Forbidden);
    }
    let named = AttestationResponse { user_id: Some("user_bob".into()), ..new_key().create(&options) };
    assert_eq!(finish(&own, named, &options, Some("user_ada")).await.unwrap_err().fault, Fault::Forbidden);
    let other = CreationRequest { user_id: Some("user_bob".into()), ..CreationRequest::default() };
    assert_eq!(begin_registration(&own, other, Some("user_ada")).await.unwrap_err().fault, Fault::Forbidden);
    assert_eq!(Credential::all_of_user(store.connection(), "user_ada").unwrap().len(), 1);
    finish(&own, new_key().create(&options), &options, Some("user_ada")).await.unwrap();
}

#[tokio::test]
async fn changed_response_is_refused_and_an_id_is_registered_once() {
    let place = TestDirectory::new();
    let own = place.open();
    let store = place.store();
    let ada = Forger::of_ada(&store);
    Forger::of_bob(&store);
    let options = begin(&own, "user_ada").await;
    let stale = begin(&own, "user_ada").await;
    for (answer, fault) in [
        (Forger { origin: "http://localhost:1", ..new_key() }.create(&options), Fault::AssertionRejected),
        (Forger { rp_id: "example.com", ..new_key() }.create(&options), Fault::AssertionRejected),
        (Forger { flags: 0, ..new_key() }.create(&options), Fault::AssertionRejected),
        (new_key().create(&stale), Fault::ChallengeExpired),
        (
            AttestationResponse { credential_id: Some(vec![1].into()), ..new_key().create(&options) },
            Fault::AssertionRejected,
        ),
        (
            AttestationResponse { credential_attestation_object: None, ..new_key().create(&options) },
            Fault::InvalidRequest,
        ),
        (
            AttestationResponse { credential_transports: vec!["x".into(); 17], ..new_key().create(&options) },
            Fault::InvalidRequest,
        ),
        (
            AttestationResponse { credential_name: Some("x".repeat(256).into()), ..new_key().create(&options) },
            Fault::InvalidRequest,
        ),
        (ada.create(&options), Fault::Conflict),
    ] {
        assert_eq!(finish(&own, answer, &options, Some("user_ada")).await.unwrap_err().fault, fault);
    }
    assert_eq!(Credential::all_of_user(store.connection(), "user_ada").unwrap().len(), 1);
    // Ada's passkey cannot be registered for Bob.
    let options = begin(&own, "user_bob").await;
    let refusal = finish(&own, ada.create(&options), &options, Some("user_bob")).await.unwrap_err();
    assert_eq!(refusal.fault, Fault::Conflict);
}

#[tokio::test]
async fn finish_must_meet_the_user_verification_of_its_begin() {
    let place = TestDirectory::new();
    let own = place.open();
    Forger::of_ada(&place.store());
    let options = begin(&own.at_least(UserVerification::Required), "user_ada").await;
    assert_eq!(options.user_verification.as_deref(), Some("required"));
    let without = Forger { flags: UP, ..new_key() };
    let refusal = finish(&own, without.create(&options), &options, Some("user_ada")).await.unwrap_err();
    assert_eq!(refusal.fault, Fault::AssertionRejected);
}

#[tokio::test]
async fn requested_attachment_is_returned() {
    let place = TestDirectory::new();
    let own = place.open();
    Forger::of_ada(&place.store());
    let ask = |attachment: &'static str| CreationRequest {
        attachment: Some(attachment.into()),
        ..CreationRequest::default()
    };
    let options = begin_registration(&own, ask("cross-platform"), Some("user_ada")).await.unwrap();
    assert_eq!(options.attachment.as_deref(), Some("cross-platform"));
    let refusal = begin_registration(&own, ask("usb"), Some("user_ada")).await.unwrap_err();
    assert_eq!(refusal.fault, Fault::InvalidRequest);
}

#[tokio::test]
async fn user_has_at_most_a_hundred_passkeys() {
    let place = TestDirectory::new();
    let own = place.open();
    let store = place.store();
    let ada = Forger::of_ada(&store);
    let options = begin(&own, "user_ada").await;
    for number in 1..100_u8 {
        let row = Credential { id: vec![number], handle: format!("credential_{number}"), ..ada.row() };
        row.insert(store.connection()).unwrap();
    }
    let refusal = finish(&own, new_key().create(&options), &options, Some("user_ada")).await.unwrap_err();
    assert_eq!(refusal.fault, Fault::Conflict);
    let refusal = begin_registration(&own, CreationRequest::default(), Some("user_ada")).await.unwrap_err();
    assert_eq!(refusal.fault, Fault::Conflict);
}

#[tokio::test]
async fn users_list_and_delete_only_their_own_passkeys() {
    let place = TestDirectory::new();
    let own = place.open();
    let store = place.store();
    let (ada, bob) = (Forger::of_ada(&store), Forger::of_bob(&store));
    let by_id = |id: &[u8]| DeletionRequest { credential_id: Some(id.to_vec().into()), ..DeletionRequest::default() };
    let listed = list(&own, ListRequest::default(), Some("user_bob")).await.unwrap().credentials;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].id.as_deref(), Some(&*bob.credential_id));
    assert_eq!(list(&own, ListRequest::default(), None).await.unwrap_err().fault, Fault::InvalidRequest);

    let fault = async |request, caller| delete(&own, request, caller).await.unwrap_err().fault;
    assert_eq!(fault(by_id(&ada.credential_id), Some("user_bob")).await, Fault::NotFound);
    assert_eq!(fault(by_id(&[9]), Some("user_bob")).await, Fault::NotFound);
    assert_eq!(fault(DeletionRequest::default(), Some("user_bob")).await, Fault::InvalidRequest);
    let as_ada = DeletionRequest { user_id: Some("user_ada".into()), ..by_id(&ada.credential_id) };
    assert_eq!(fault(as_ada, Some("user_bob")).await, Fault::Forbidden);
    let both = DeletionRequest { credential_handle: Some("credential_ada".into()), ..by_id(&bob.credential_id) };
    assert_eq!(fault(both, Some("user_bob")).await, Fault::NotFound);

    let deleted = delete(&own, by_id(&bob.credential_id), Some("user_bob")).await.unwrap();
    assert_eq!(deleted.user_id.as_deref(), Some("user_bob"));
    assert_eq!(fault(by_id(&bob.credential_id), Some("user_bob")).await, Fault::NotFound);

    // An application with the credentials of every user.
    let by_handle = DeletionRequest { credential_handle: Some("credential_ada".into()), ..DeletionRequest::default() };
    assert_eq!(delete(&own, by_handle, None).await.unwrap().user_id.as_deref(), Some("user_ada"));
}
