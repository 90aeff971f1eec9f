//! Building the upstream's request.
//!
//! The caller's own credentials are removed unless the upstream is of the same provider. The address of the client is the
//! one that the gateway knows, unless the caller is a backend with a secret of its own. `set` takes precedence over
//! the caller's values. At a finish, the members that the begin sent are sent again.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::base::base64;
use crate::caller_auth::{AuthenticatedCaller, Relation, VerifiedBy};
use crate::ceremony::{Ceremony, Subject};
use crate::gateway::context::{Attempt, Client};
use crate::gateway::steps::map_user::write_user;
use crate::gateway::steps::take_ceremony::TakenCeremony;
use crate::model::member::Member;
use crate::model::message::Request;
use crate::model::operation::Operation;
use crate::model::record::{Record, put, put_absent};
use crate::model::value::Value;
use crate::provider::template::codec::Codec;
use crate::routes::forwarding::may_forward;
use crate::routes::route::Backend;

/// What an upstream's request is built from.
pub(crate) struct RequestParts<'a, 'p> {
    /// The caller's request.
    pub(crate) request: &'p Request<'a>,
    pub(crate) backend: &'a Backend,
    pub(crate) caller: &'a AuthenticatedCaller,
    pub(crate) client: Client<'a>,
    /// The ceremony of a finish.
    pub(crate) ceremony: Option<&'p Ceremony>,
    /// The challenge of a finish.
    pub(crate) challenge: Option<&'p [u8]>,
    /// The user by the identity map. It replaces every name that the caller gave.
    pub(crate) user: Option<&'p Subject>,
}

/// Builds the upstream's request of an attempt. `user` is the user by the identity map.
pub(crate) fn build_upstream_request<'a>(
    attempt: Attempt<'a>,
    begun: Option<&TakenCeremony>,
    user: Option<&Subject>,
) -> Request<'a> {
    let Attempt { context, backend, caller, .. } = attempt;
    RequestParts {
        request: &context.request,
        backend,
        caller,
        client: context.client,
        ceremony: begun.map(|begun| &*begun.ceremony),
        challenge: begun.map(|begun| &*begun.challenge),
        user,
    }
    .build()
}

impl<'a> RequestParts<'a, '_> {
    pub(crate) fn build(self) -> Request<'a> {
        let Self { backend, caller, client, .. } = self;
        let operation = self.request.operation();
        let mut request = self.request.clone();
        let record = request.record_mut();
        for (member, value) in &caller.claims {
            put(record, *member, Some(value.borrowed()));
        }
        put_absent(record, Member::ClientUserAgent, client.user_agent.map(|agent| Value::Text(Cow::Borrowed(agent))));
        let address = client.address.map(|address| Value::Text(Cow::Borrowed(address)));
        if caller.is_backend && !adds_own_credential(backend) {
            put_absent(record, Member::ClientAddress, address);
        } else {
            put(record, Member::ClientAddress, address);
        }

        let given = backend.set.iter().filter_map(|assignment| Some((assignment.member, assignment.value(record)?)));
        let given: SmallVec<[_; 4]> = given.collect();
        for member in record.members().iter().copied() {
            let is_verified_token = member == Member::UserToken && caller.verified_by == VerifiedBy::Gateway;
            if is_verified_token || !may_forward(member, operation, backend.relation) {
                record.put(member, None);
            }
        }
        if let Some(user) = self.user {
            write_user(record, user);
        }
        for (member, value) in given {
            put(record, member, Some(value));
        }
        if let Some(ceremony) = self.ceremony {
            restore_begin_members(record, ceremony);
            let challenge = self.challenge.map(|challenge| Value::Bytes(Cow::Owned(challenge.to_owned())));
            put(record, Member::Challenge, challenge);
        }
        if operation == Operation::CredentialsDelete && backend.relation != Relation::Embedded {
            restore_credential_id(record);
        }
        request
    }
}

/// Whether the gateway adds its own credential to requests of the dialect's provider, which then trusts all
/// other members of the request.
fn adds_own_credential(backend: &Backend) -> bool {
    backend.relation == Relation::SameProvider
        && backend.set.iter().any(|given| matches!(given.member, Member::ClientSecret | Member::ClientKey))
}

/// Restores the members that the begin sent, and the upstream's own session.
fn restore_begin_members(record: &mut dyn Record<'_>, ceremony: &Ceremony) {
    let owned = |text: &str| Value::Text(Cow::Owned(text.to_owned()));
    put(record, Member::Session, ceremony.upstream_session.as_deref().map(owned));
    let sent = &ceremony.sent;
    let members = [
        (Member::UserId, &sent.subject.id),
        (Member::UserEmail, &sent.subject.email),
        (Member::Account, &sent.account),
        (Member::Organization, &sent.organization),
        (Member::Connection, &sent.connection),
    ];
    for (member, text) in members {
        if let Some(text) = text {
            put(record, member, Some(owned(text)));
        }
    }
}

/// Restores the id of a credential that the gateway named after its id. An upstream's own name cannot be derived from
/// the id.
pub(crate) fn restore_credential_id(record: &mut dyn Record<'_>) {
    let id = match (record.value(Member::CredentialId), record.value(Member::CredentialHandle)) {
        (None, Some(Value::Text(handle))) => base64::read(&handle).ok(),
        _ => None,
    };
    if let Some(id) = id {
        record.put(Member::CredentialId, Some(Value::Bytes(Cow::Owned(id))));
    }
}

/// The name of a credential whose provider has none: its id in base64url.
pub(crate) fn credential_handle(id: &[u8]) -> String {
    let mut handle = Vec::new();
    Codec::Base64Url.write_bytes(id, &mut handle);
    String::from_utf8(handle).expect("base64 digits are ASCII")
}
