//! From what the upstream answered to what the caller is answered.
//!
//! The caller gets its own name of the user back, never a session handle that is not its dialect's,
//! and never less user verification than the route wants.

use std::borrow::Cow;

use uuid::Uuid;

use crate::caller_auth::Relation;
use crate::ceremony::{Ceremony, Subject};
use crate::gateway::steps::build_upstream_request::{handle_of, put, put_absent};
use crate::model::assertion::SignIn;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::message::{Request, Response};
use crate::model::operation::Operation;
use crate::model::record::Record;
use crate::model::user_verification::UserVerification;
use crate::model::value::Value;
use crate::provider::template::hole::Need;
use crate::routes::Route;
use crate::routes::assignment::Assignment;

/// The session handle that a begin gives the caller, if its dialect has one: the upstream's own where
/// both sides are one provider, else a new UUID.
pub fn caller_session(route: &Route, response: &Response<'_>) -> Option<Box<str>> {
    if !route.dialect.operations[&response.operation()].response.message.carries(Member::Session) {
        return None;
    }
    match response.record().value(Member::Session) {
        Some(Value::Text(session)) if route.relation == Relation::SameProvider => {
            Some(session.into_owned().into_boxed_str())
        }
        _ => Some(Uuid::new_v4().to_string().into_boxed_str()),
    }
}

/// Completes an answer. `names` are the caller's of its user, where an identity map told them.
pub fn complete<'a>(
    route: &'a Route,
    asked: &'a Request<'_>,
    ceremony: Option<&'a Ceremony>,
    names: Option<&Subject>,
    response: &mut Response<'a>,
) {
    let operation = response.operation();
    if let Response::CredentialsList(list) = response {
        for credential in list.credentials.iter_mut().filter(|credential| credential.handle.is_none()) {
            credential.handle = credential.id.as_deref().map(|id| handle_of(id).into());
        }
    }
    let record = response.record_mut();
    let known = ceremony.map(|ceremony| &ceremony.asked);
    echo(record, Member::UserId, known.and_then(|subject| subject.id.as_deref()), asked);
    echo(record, Member::UserEmail, known.and_then(|subject| subject.email.as_deref()), asked);
    if operation.is_begin() {
        put(record, Member::Session, ceremony.and_then(|ceremony| ceremony.caller_session.as_deref()).map(borrowed));
        verification(route, record);
        resident_key(record);
    }
    for member in [Member::CredentialId, Member::CredentialName] {
        let value = asked.record().value(member);
        put_absent(record, member, value.map(Value::into_owned));
    }
    if operation == Operation::LoginFinish && no_session_was_asked_for(route, asked) {
        TOKENS.iter().for_each(|token| record.put(*token, None));
    }
    name_credentials(record, asked.record());
    for assignment in &route.fill {
        if !record.has(assignment.member) {
            let given = assignment.value(record).or_else(|| assignment.value(asked.record())).map(Value::into_owned);
            let told = || told_of(assignment, names.or(ceremony.map(|ceremony| &ceremony.told.subject))?);
            put_absent(record, assignment.member, given.or_else(told));
        }
    }
}

/// What is known of the user, where the config refers to that.
fn told_of(assignment: &Assignment, subject: &Subject) -> Option<Value<'static>> {
    let text = |text: &Option<Box<str>>| text.as_deref().map(|text| Cow::Owned(text.to_owned()));
    let told = SignIn { user_id: text(&subject.id), user_email: text(&subject.email), ..SignIn::default() };
    assignment.value(&told).map(Value::into_owned)
}

/// Everything a session is made of.
const TOKENS: &[Member] = &[
    Member::TokensAccess,
    Member::TokensRefresh,
    Member::TokensId,
    Member::TokensSession,
    Member::TokensSessionDetails,
    Member::TokensExpiresIn,
    Member::TokensRefreshExpiresIn,
];

/// In a dialect whose caller says how long the session shall last, and that promises no token, one who
/// does not say wants none.
fn no_session_was_asked_for(route: &Route, asked: &Request<'_>) -> bool {
    if route.relation == Relation::SameProvider || asked.record().value(Member::SessionLifetime).is_some() {
        return false;
    }
    let template = &route.dialect.operations[&asked.operation()];
    let is_promised = |(member, need): &(Member, Need)| *need == Need::Required && TOKENS.contains(member);
    let promises = || template.response.message.carried().iter().any(is_promised);
    template.request.carries(Member::SessionLifetime) && !promises()
}

fn borrowed(text: &str) -> Value<'_> {
    Value::Text(Cow::Borrowed(text))
}

/// The caller's own name of the user stands before the upstream's.
fn echo<'a>(record: &mut dyn Record<'a>, member: Member, known: Option<&'a str>, asked: &Request<'_>) {
    let said = known.map(borrowed).or_else(|| asked.record().value(member).map(Value::into_owned));
    if said.is_some() {
        put(record, member, said);
    }
}

fn verification(route: &Route, record: &mut dyn Record<'_>) {
    let Some(least) = route.verification else { return };
    let wanted = match record.value(Member::UserVerification) {
        Some(Value::Text(word)) => UserVerification::read(&word),
        _ => UserVerification::Preferred,
    };
    put(record, Member::UserVerification, Some(borrowed(wanted.max(least).name())));
}

/// The two ways of asking for a discoverable credential say the same (WebAuthn 5.4.4); a dialect may
/// know only one of them.
fn resident_key(record: &mut dyn Record<'_>) {
    match (record.value(Member::ResidentKey), record.value(Member::RequireResidentKey)) {
        (None, Some(Value::Flag(true))) => put(record, Member::ResidentKey, Some(borrowed("required"))),
        (Some(Value::Text(wish)), None) if wish == "required" => {
            put(record, Member::RequireResidentKey, Some(Value::Flag(true)));
        }
        _ => {}
    }
}

/// A credential that has no name of its own goes by its id.
fn name_credentials(record: &mut dyn Record<'_>, asked: &dyn Record<'_>) {
    let id = match record.value(Member::CredentialId) {
        Some(Value::Bytes(id)) => Some(handle_of(&id)),
        _ => match asked.value(Member::CredentialId) {
            Some(Value::Bytes(id)) => Some(handle_of(&id)),
            _ => None,
        },
    };
    put_absent(record, Member::CredentialHandle, id.map(|handle| Value::Text(Cow::Owned(handle))));
}

/// Refuses an answer that is for another user than the one the ceremony was begun for. `mapped` is that
/// user where an identity map says what the upstream calls them.
///
/// # Errors
/// `assertion_rejected`, with the log's reason.
pub fn prove_subject(
    route: &Route,
    ceremony: &Ceremony,
    answered: &Subject,
    mapped: Option<&Subject>,
) -> Result<(), Refusal> {
    let (told, expected) = (&ceremony.told.subject, mapped.unwrap_or(&ceremony.asked));
    if told.contradicts(answered) {
        return Err(rejected("the upstream signed in another user than it was asked for"));
    }
    if mapped.is_some() && expected.contradicts(answered) {
        return Err(rejected("the upstream signed in another user than the identity map names"));
    }
    let nobody_was_named = expected.is_nobody() && ceremony.bearer_user.is_none();
    let upstream_was_told = !told.is_nobody() && !route.constant_user;
    if nobody_was_named || upstream_was_told || route.relax_subject || expected.agrees(answered) {
        return Ok(());
    }
    Err(rejected("the upstream's answer does not prove the user the caller named"))
}

fn rejected(reason: &'static str) -> Refusal {
    Refusal::new(Fault::AssertionRejected, reason)
}
