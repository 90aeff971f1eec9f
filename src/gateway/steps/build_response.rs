//! Building the caller's response.
//!
//! The caller gets its own name of the user, a session handle only if its dialect has one, and never less user
//! verification than the route requires.

use std::borrow::Cow;

use uuid::Uuid;

use crate::caller_auth::Relation;
use crate::ceremony::{Ceremony, Subject};
use crate::features::user_handles::registration::restore_handle;
use crate::gateway::context::Attempt;
use crate::gateway::steps::build_upstream_request::credential_handle;
use crate::model::assertion::SignIn;
use crate::model::member::Member;
use crate::model::message::{Request, Response};
use crate::model::operation::Operation;
use crate::model::record::{Record, put, put_absent};
use crate::model::user_verification::UserVerification;
use crate::model::value::Value;
use crate::provider::template::placeholder::Need;
use crate::routes::assignment::Assignment;

/// The session handle that a begin gives the caller, if its dialect has one: the upstream's own where both sides are
/// one provider, else a new UUID.
pub(super) fn caller_session(attempt: Attempt<'_>, response: &Response<'_>) -> Option<Box<str>> {
    let template = &attempt.route().dialect.operations[&response.operation()].response;
    if !template.message.carries(Member::Session) {
        return None;
    }
    match response.record().value(Member::Session) {
        Some(Value::Text(session)) if attempt.backend.relation == Relation::SameProvider => {
            Some(session.into_owned().into_boxed_str())
        }
        _ => Some(Uuid::new_v4().to_string().into_boxed_str()),
    }
}

/// Completes a response for the caller. `names` are the caller's names of the user, by the identity map.
pub(crate) fn build_response<'a>(
    attempt: Attempt<'a>,
    ceremony: Option<&'a Ceremony>,
    names: Option<&Subject>,
    response: &mut Response<'a>,
) {
    let (route, requested) = (attempt.route(), &attempt.context.request);
    let operation = response.operation();
    restore_handle(ceremony, response);
    if let Response::CredentialsList(list) = response {
        for credential in list.credentials.iter_mut().filter(|credential| credential.handle.is_none()) {
            credential.handle = credential.id.as_deref().map(|id| credential_handle(id).into());
        }
    }
    let record = response.record_mut();
    let begun = ceremony.map(|ceremony| &ceremony.requested);
    echo(record, Member::UserId, begun.and_then(|user| user.id.as_deref()), requested);
    echo(record, Member::UserEmail, begun.and_then(|user| user.email.as_deref()), requested);
    if operation.is_begin() {
        put(record, Member::Session, ceremony.and_then(|ceremony| ceremony.caller_session.as_deref()).map(borrowed));
        raise_user_verification(route.min_user_verification, record);
        complete_resident_key(record);
    }
    for member in [Member::CredentialId, Member::CredentialName] {
        let value = requested.record().value(member);
        put_absent(record, member, value.map(Value::into_owned));
    }
    if operation == Operation::LoginFinish && wants_no_session(attempt) {
        TOKENS.iter().for_each(|token| record.put(*token, None));
    }
    name_credential(record, requested.record());
    for assignment in &route.fill {
        if !record.has(assignment.member) {
            let from_messages = assignment.value(record).or_else(|| assignment.value(requested.record()));
            let from_user = || user_value(assignment, names.or(ceremony.map(|ceremony| &ceremony.sent.subject))?);
            let value = from_messages.map(Value::into_owned).or_else(from_user);
            put_absent(record, assignment.member, value);
        }
    }
}

/// The value of an assignment that refers to the user.
fn user_value(assignment: &Assignment, subject: &Subject) -> Option<Value<'static>> {
    let text = |text: &Option<Box<str>>| text.as_deref().map(|text| Cow::Owned(text.to_owned()));
    let sign_in = SignIn { user_id: text(&subject.id), user_email: text(&subject.email), ..SignIn::default() };
    assignment.value(&sign_in).map(Value::into_owned)
}

/// The members of a session.
const TOKENS: &[Member] = &[
    Member::TokensAccess,
    Member::TokensRefresh,
    Member::TokensId,
    Member::TokensSession,
    Member::TokensSessionDetails,
    Member::TokensExpiresIn,
    Member::TokensRefreshExpiresIn,
];

/// Whether the caller wants no session. In a dialect whose requests give the lifetime of the session, and whose
/// response requires no token, an absent lifetime means that no session is wanted.
fn wants_no_session(attempt: Attempt<'_>) -> bool {
    let names_lifetime = attempt.context.request.record().value(Member::SessionLifetime).is_some();
    if attempt.backend.relation == Relation::SameProvider || names_lifetime {
        return false;
    }
    let template = &attempt.route().dialect.operations[&attempt.operation()];
    let is_required = |(member, need): &(Member, Need)| *need == Need::Required && TOKENS.contains(member);
    let requires_token = || template.response.message.carried().iter().any(is_required);
    template.request.carries(Member::SessionLifetime) && !requires_token()
}

fn borrowed(text: &str) -> Value<'_> {
    Value::Text(Cow::Borrowed(text))
}

/// Prefers the caller's own name of the user to the upstream's.
fn echo<'a>(record: &mut dyn Record<'a>, member: Member, begun: Option<&'a str>, requested: &Request<'_>) {
    let named = begun.map(borrowed).or_else(|| requested.record().value(member).map(Value::into_owned));
    if named.is_some() {
        put(record, member, named);
    }
}

fn raise_user_verification(min: Option<UserVerification>, record: &mut dyn Record<'_>) {
    let Some(min) = min else { return };
    let wanted = match record.value(Member::UserVerification) {
        Some(Value::Text(word)) => UserVerification::read(&word),
        _ => UserVerification::Preferred,
    };
    put(record, Member::UserVerification, Some(borrowed(wanted.max(min).name())));
}

/// The two members that request a discoverable credential agree (WebAuthn 5.4.4). A dialect may know only one of them.
fn complete_resident_key(record: &mut dyn Record<'_>) {
    match (record.value(Member::ResidentKey), record.value(Member::RequireResidentKey)) {
        (None, Some(Value::Flag(true))) => put(record, Member::ResidentKey, Some(borrowed("required"))),
        (Some(Value::Text(wish)), None) if wish == "required" => {
            put(record, Member::RequireResidentKey, Some(Value::Flag(true)));
        }
        _ => {}
    }
}

/// A credential without a name of its own is named by its id.
fn name_credential(record: &mut dyn Record<'_>, requested: &dyn Record<'_>) {
    let id = match record.value(Member::CredentialId) {
        Some(Value::Bytes(id)) => Some(credential_handle(&id)),
        _ => match requested.value(Member::CredentialId) {
            Some(Value::Bytes(id)) => Some(credential_handle(&id)),
            _ => None,
        },
    };
    put_absent(record, Member::CredentialHandle, id.map(|handle| Value::Text(Cow::Owned(handle))));
}
