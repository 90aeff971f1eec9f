//! From what the caller asked to what the upstream is asked.
//!
//! The caller's own credentials stay here unless the upstream is of the same provider; what the
//! config sets wins over what the caller sent; at a finish, what was told at the begin is told again.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::base::base64;
use crate::caller_auth::{Admission, Judge, Relation};
use crate::ceremony::{Ceremony, Subject};
use crate::gateway::steps::map_user;
use crate::model::member::Member;
use crate::model::message::Request;
use crate::model::operation::Operation;
use crate::model::record::Record;
use crate::model::value::Value;
use crate::provider::template::codec::Codec;
use crate::routes::Route;
use crate::routes::forwarding::may_travel;

/// What the connection says of who calls.
#[derive(Clone, Debug, Default)]
pub struct Client<'a> {
    /// Its `User-Agent`.
    pub user_agent: Option<&'a str>,
    /// Its network address.
    pub address: Option<&'a str>,
}

/// Builds the upstream's request. `user` is whom an identity map says it is about: that, and nothing
/// the caller said of the user, is what the upstream is told.
pub fn resolve<'a>(
    route: &'a Route,
    asked: &Request<'a>,
    admission: &'a Admission,
    client: &Client<'a>,
    ceremony: Option<&Ceremony>,
    challenge: Option<&[u8]>,
    user: Option<&Subject>,
) -> Request<'a> {
    let operation = asked.operation();
    let mut request = asked.clone();
    let record = request.record_mut();
    for (member, value) in &admission.claims {
        put(record, *member, Some(value.borrowed()));
    }
    put_absent(record, Member::ClientUserAgent, client.user_agent.map(|agent| Value::Text(Cow::Borrowed(agent))));
    put_absent(record, Member::ClientAddress, client.address.map(|address| Value::Text(Cow::Borrowed(address))));

    let given = route.set.iter().filter_map(|assignment| Some((assignment.member, assignment.value(record)?)));
    let given: SmallVec<[_; 4]> = given.collect();
    for member in record.members().iter().copied() {
        let stays = member == Member::UserToken && admission.judge == Judge::Gateway;
        if stays || !may_travel(member, operation, route.relation) {
            record.put(member, None);
        }
    }
    if let Some(user) = user {
        map_user::write(record, user);
    }
    for (member, value) in given {
        put(record, member, Some(value));
    }
    if let Some(ceremony) = ceremony {
        retell(record, ceremony);
        let challenge = challenge.map(|challenge| Value::Bytes(Cow::Owned(challenge.to_owned())));
        put(record, Member::Challenge, challenge);
    }
    if operation == Operation::CredentialsDelete && route.relation != Relation::Embedded {
        id_of_handle(record);
    }
    request
}

/// Tells the upstream what it was told at the begin, and gives it its own session back.
fn retell(record: &mut dyn Record<'_>, ceremony: &Ceremony) {
    let owned = |text: &str| Value::Text(Cow::Owned(text.to_owned()));
    put(record, Member::Session, ceremony.upstream_session.as_deref().map(owned));
    let told = &ceremony.told;
    let members = [
        (Member::UserId, &told.subject.id),
        (Member::UserEmail, &told.subject.email),
        (Member::Account, &told.account),
        (Member::Organization, &told.organization),
        (Member::Connection, &told.connection),
    ];
    for (member, text) in members {
        if let Some(text) = text {
            put(record, member, Some(owned(text)));
        }
    }
}

/// A credential that the gateway named after its id is known by the id again. An upstream's own name
/// for it cannot be made out of the id.
pub(crate) fn id_of_handle(record: &mut dyn Record<'_>) {
    let id = match (record.value(Member::CredentialId), record.value(Member::CredentialHandle)) {
        (None, Some(Value::Text(handle))) => base64::read(&handle).ok(),
        _ => None,
    };
    if let Some(id) = id {
        record.put(Member::CredentialId, Some(Value::Bytes(Cow::Owned(id))));
    }
}

/// The name of a credential whose provider has none for it: its id in base64url.
pub fn handle_of(id: &[u8]) -> String {
    let mut handle = Vec::new();
    Codec::Base64Url.write_bytes(id, &mut handle);
    String::from_utf8(handle).expect("base64 digits are ASCII")
}

/// The user a record names.
pub fn subject(record: &dyn Record<'_>) -> Subject {
    Subject { id: text(record, Member::UserId), email: text(record, Member::UserEmail) }
}

/// A text of a record, to keep.
pub(crate) fn text(record: &dyn Record<'_>, member: Member) -> Option<Box<str>> {
    match record.value(member)? {
        Value::Text(text) => Some(text.into_owned().into_boxed_str()),
        _ => None,
    }
}

/// Puts a member where the record has it.
pub(crate) fn put<'a>(record: &mut dyn Record<'a>, member: Member, value: Option<Value<'a>>) {
    if record.members().contains(&member) {
        record.put(member, value);
    }
}

pub(crate) fn put_absent<'a>(record: &mut dyn Record<'a>, member: Member, value: Option<Value<'a>>) {
    if value.is_some() && record.value(member).is_none() {
        put(record, member, value);
    }
}
