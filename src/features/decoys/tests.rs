//! Which requests get a decoy.

use crate::ceremony::SentToUpstream;
use crate::model::assertion::AssertionRequest;

use super::*;

#[test]
fn a_user_is_identified_by_id_or_address_and_scope() {
    let named =
        |id: Option<&str>, email: Option<&str>| Subject { id: id.map(Into::into), email: email.map(Into::into) };
    let request = AssertionRequest { account: Some("acme".into()), ..Default::default() };
    let of = |subject: &Subject, scope: &[Member]| user(subject, &request, scope);
    assert_eq!(of(&named(None, Some("A@b.c")), &[]), of(&named(None, Some("a@B.c")), &[]));
    assert_ne!(of(&named(Some("A"), None), &[]), of(&named(Some("a"), None), &[]));
    assert_ne!(of(&named(Some("a@b.c"), None), &[]), of(&named(None, Some("a@b.c")), &[]));
    assert_ne!(of(&named(Some("a"), None), &[]), of(&named(Some("a"), None), &[Member::Account]));
}

#[test]
fn a_rejected_passkey_reveals_nothing_and_an_outage_is_reported() {
    let fault_of = |fault| indistinguishable(Refusal::new(fault, "x"), Relation::AnotherProvider).fault;
    let of_passkeys = [Fault::ChallengeExpired, Fault::UnknownUser, Fault::NotFound, Fault::AssertionRejected];
    for fault in of_passkeys.into_iter().chain([Fault::InvalidRequest]) {
        assert_eq!(fault_of(fault), Fault::AssertionRejected);
    }
    let ours = indistinguishable(Refusal::new(Fault::InvalidRequest, "x"), Relation::Embedded);
    assert_eq!(ours.fault, Fault::InvalidRequest, "it is refused before the user is looked up");
    for fault in [Fault::UpstreamTimeout, Fault::RateLimited, Fault::Overloaded, Fault::Unauthenticated] {
        assert_eq!(fault_of(fault), fault);
    }
    let message =
        indistinguishable(Refusal::with_public_message(Fault::InvalidRequest, "no such key"), Relation::SameProvider)
            .message;
    assert_eq!(message, Fault::AssertionRejected.message());
}

/// Decoys for an upstream over HTTP.
struct Fixture {
    decoys: Decoys,
    shape: ResponseShape,
    request: Request<'static>,
}

impl Fixture {
    fn of(lists: bool, request: Request<'static>) -> Self {
        let secret = HashSecret::new("x".repeat(32).into()).unwrap();
        Self { decoys: Decoys::new(&secret, lists, true, Vec::new()), shape: ResponseShape::default(), request }
    }

    fn apply<'a>(
        &self,
        email: Option<&str>,
        ceremony: Option<&Ceremony>,
        answer: Result<Response<'a>, Refusal>,
    ) -> Result<DecoyOutcome<'a>, Refusal> {
        let context = DecoyContext {
            request: &self.request,
            named: &Subject { id: None, email: email.map(Into::into) },
            ceremony,
            relation: Relation::AnotherProvider,
            embedded: None,
            shape: &self.shape,
            min_user_verification: None,
        };
        self.decoys.apply(&context, answer)
    }
}

/// Options without credentials.
fn empty() -> Result<Response<'static>, Refusal> {
    Ok(Response::LoginBegin(Box::new(CredentialAssertion {
        challenge: Some(vec![1; 32].into()),
        ..Default::default()
    })))
}

fn unknown() -> Result<Response<'static>, Refusal> {
    Err(Refusal::new(Fault::UnknownUser, "x"))
}

#[test]
fn only_a_begin_that_names_an_unknown_user_gets_a_decoy() {
    let fixture = Fixture::of(true, Request::LoginBegin(Box::default()));
    let listed = |outcome: &DecoyOutcome<'_>| outcome.response.record().count(Member::AllowCredentials);
    for answer in [empty(), unknown()] {
        let outcome = fixture.apply(Some("ada@example.com"), None, answer).ok().unwrap();
        assert!(outcome.is_decoy && listed(&outcome) > 0);
    }
    let outcome = fixture.apply(None, None, empty()).ok().unwrap();
    assert!(!outcome.is_decoy && listed(&outcome) == 0, "any user may sign in with it");
    assert_eq!(fixture.apply(None, None, unknown()).err().unwrap().fault, Fault::UnknownUser);
    for fault in [Fault::RateLimited, Fault::UpstreamFailed] {
        let refused = fixture.apply(Some("ada@example.com"), None, Err(Refusal::new(fault, "x")));
        assert_eq!(refused.err().unwrap().fault, fault);
    }
}

#[test]
fn decoy_lists_nothing_if_real_responses_list_nothing() {
    let fixture = Fixture::of(false, Request::LoginBegin(Box::default()));
    let outcome = fixture.apply(Some("ada@example.com"), None, unknown()).ok().unwrap();
    assert!(outcome.is_decoy);
    assert_eq!(outcome.response.record().count(Member::AllowCredentials), 0);
}

#[test]
fn the_finish_of_a_decoy_never_signs_in() {
    let fixture = Fixture::of(true, Request::LoginFinish(Box::default()));
    let ceremony = |is_decoy| Ceremony {
        generation: 0,
        verify_user: false,
        is_decoy,
        route: "app".into(),
        upstream: "new".into(),
        begun_by: Operation::LoginBegin,
        upstream_session: None,
        caller_session: None,
        requested: Subject::default(),
        sent: SentToUpstream::default(),
        expected: Subject::default(),
        bearer_user: None,
        handles: None,
    };
    let signed_in = || Ok(Response::LoginFinish(Box::default()));
    assert!(fixture.apply(None, Some(&ceremony(false)), signed_in()).is_ok());
    let refused = fixture.apply(None, Some(&ceremony(true)), signed_in());
    assert_eq!(refused.err().unwrap().fault, Fault::AssertionRejected);
}
