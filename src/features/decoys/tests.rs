//! Who is answered with what was made up, and who is not.

use crate::ceremony::Told;
use crate::model::assertion::AssertionRequest;
use crate::upstream::admission::Admission;
use crate::upstream::http_upstream::HttpUpstream;
use crate::upstream::settings::HttpSettings;

use super::*;

#[test]
fn a_user_is_known_by_what_tells_users_apart() {
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
fn a_refused_passkey_tells_nothing_and_an_outage_says_that_it_is_one() {
    let told = |fault| alike(Refusal::new(fault, "x"), Relation::AnotherProvider).fault;
    let of_passkeys = [Fault::ChallengeExpired, Fault::UnknownUser, Fault::NotFound, Fault::AssertionRejected];
    for fault in of_passkeys.into_iter().chain([Fault::InvalidRequest]) {
        assert_eq!(told(fault), Fault::AssertionRejected);
    }
    let ours = alike(Refusal::new(Fault::InvalidRequest, "x"), Relation::Embedded);
    assert_eq!(ours.fault, Fault::InvalidRequest, "it is said before anybody is looked up");
    for fault in [Fault::UpstreamTimeout, Fault::RateLimited, Fault::Overloaded, Fault::Unauthenticated] {
        assert_eq!(told(fault), fault);
    }
    let message =
        alike(Refusal::with_public_message(Fault::InvalidRequest, "no such key"), Relation::SameProvider).message;
    assert_eq!(message, Fault::AssertionRejected.message());
}

/// Decoys that were asked of by hand, before an upstream over HTTP that nobody reaches.
struct CompileInput {
    decoys: Arc<Decoys>,
    worker: Worker,
    request: Request<'static>,
}

impl CompileInput {
    fn of(lists: bool, request: Request<'static>) -> Self {
        let (secret, http) = (HashSecret::new("x".repeat(32).into()).unwrap(), HttpSettings::default());
        let upstream = HttpUpstream::new("http://127.0.0.1:1".parse().unwrap(), &http, Admission::new("new", &http));
        let decoys = Decoys::new(&secret, lists, true, Vec::new());
        Self { decoys, worker: Worker::Http(upstream.unwrap()), request }
    }

    fn settle<'a>(
        &self,
        email: Option<&str>,
        begun: Option<&Ceremony>,
        answer: Result<Response<'a>, Refusal>,
    ) -> Result<DecoyOutcome<'a>, Refusal> {
        let named = Subject { id: None, email: email.map(Into::into) };
        let (request, worker, relation) = (&self.request, &self.worker, Relation::AnotherProvider);
        self.decoys.settle(&DecoyContext { request, named: &named, begun, relation, worker, least: None }, answer)
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
fn who_named_somebody_who_is_not_there_is_answered_with_decoys_and_who_named_nobody_is_not() {
    let ground = CompileInput::of(true, Request::LoginBegin(Box::default()));
    let listed = |settled: &DecoyOutcome<'_>| settled.response.record().count(Member::AllowCredentials);
    for answer in [empty(), unknown()] {
        let settled = ground.settle(Some("ada@example.com"), None, answer).ok().unwrap();
        assert!(settled.is_decoy && listed(&settled) > 0);
    }
    let settled = ground.settle(None, None, empty()).ok().unwrap();
    assert!(!settled.is_decoy && listed(&settled) == 0, "anybody may sign in with it");
    assert_eq!(ground.settle(None, None, unknown()).err().unwrap().fault, Fault::UnknownUser);
    for fault in [Fault::RateLimited, Fault::UpstreamFailed] {
        let refused = ground.settle(Some("ada@example.com"), None, Err(Refusal::new(fault, "x")));
        assert_eq!(refused.err().unwrap().fault, fault);
    }
}

#[test]
fn nothing_is_listed_where_real_answers_list_nothing() {
    let ground = CompileInput::of(false, Request::LoginBegin(Box::default()));
    let settled = ground.settle(Some("ada@example.com"), None, unknown()).ok().unwrap();
    assert!(settled.is_decoy);
    assert_eq!(settled.response.record().count(Member::AllowCredentials), 0);
}

#[test]
fn what_was_begun_for_nobody_signs_nobody_in_whatever_the_upstream_says() {
    let ground = CompileInput::of(true, Request::LoginFinish(Box::default()));
    let begun = |is_decoy| Ceremony {
        generation: 0,
        verify_user: false,
        is_decoy,
        route: "app".into(),
        upstream: "new".into(),
        begun_by: Operation::LoginBegin,
        upstream_session: None,
        caller_session: None,
        asked: Subject::default(),
        told: Told::default(),
        expected: Subject::default(),
        bearer_user: None,
        handles: None,
    };
    let signed_in = || Ok(Response::LoginFinish(Box::default()));
    assert!(ground.settle(None, Some(&begun(false)), signed_in()).is_ok());
    let refused = ground.settle(None, Some(&begun(true)), signed_in());
    assert_eq!(refused.err().unwrap().fault, Fault::AssertionRejected);
}
