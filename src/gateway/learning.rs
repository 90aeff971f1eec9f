//! What a sign-in that the upstream accepted teaches an embedded relying party, where the route says so.
//!
//! Only a finish comes here whose success was understood and whose subject was proved. The user is the one whom the
//! caller was answered with, and only as far as the upstream gave that name or was told it: a name that the caller
//! alone said is nobody's. Handing over never waits and never changes the answer.

use std::collections::BTreeMap;

use crate::canonical::fault::Refusal;
use crate::canonical::member::Member;
use crate::canonical::message::{Request, Response};
use crate::canonical::operation::Operation;
use crate::canonical::record::Record;
use crate::canonical::value::Value;
use crate::ceremony::{Ceremony, Subject};
use crate::gateway::exchange::Gateway;
use crate::gateway::plan::Route;
use crate::gateway::resolve;
use crate::gateway::work::Worker;
use crate::relying_party::learning::readiness::Readiness;
use crate::relying_party::learning::{Observation, Purpose};

/// Which embedded upstream learns from a route's sign-ins, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observes {
    /// The embedded upstream, by its place in the plan.
    pub upstream: usize,
    /// What it makes of them.
    pub purpose: Purpose,
}

/// What the answer to a login names: the user, and the passkey by the upstream's own name.
pub(crate) struct Answered {
    pub(crate) subject: Subject,
    pub(crate) credential: Option<Box<str>>,
}

impl Answered {
    pub(crate) fn of(record: &dyn Record<'_>) -> Self {
        Self { subject: resolve::subject(record), credential: resolve::text(record, Member::CredentialHandle) }
    }
}

impl Gateway {
    /// Hands over a login that the upstream accepted. `answered` is what its own answer names, before anything was
    /// put into it.
    pub(crate) fn observe(
        &self,
        route: &Route,
        request: &Request<'_>,
        begun: &Ceremony,
        answered: &Answered,
        response: &Response<'_>,
    ) {
        let Some(observes) = route.observes else { return };
        let Worker::Embedded(party) = &self.workers[observes.upstream] else { return };
        let told = if route.constant_user { &Subject::default() } else { &begun.told.subject };
        let upstreams = &answered.subject;
        let known = [&upstreams.id, &upstreams.email, &told.id, &told.email];
        let user = resolve::subject(response.record());
        let proven = |name: &Option<Box<str>>| known.iter().any(|one| one.is_some() && *one == name);
        let record = request.record();
        let observation = Observation {
            // Where the answer names a user that nobody proved, it is nobody's sign-in, not one of that address.
            user_id: user.id.as_ref().map(|id| if proven(&user.id) { id.to_string() } else { String::new() }),
            email: [&upstreams.email, &told.email].into_iter().flatten().next().map(ToString::to_string),
            credential_id: bytes(record, Member::CredentialId).unwrap_or_default(),
            handle: answered.credential.as_deref().map(str::to_owned),
            client_data_json: bytes(record, Member::CredentialClientDataJson).unwrap_or_default(),
            authenticator_data: bytes(record, Member::CredentialAuthenticatorData).unwrap_or_default(),
            signature: bytes(record, Member::CredentialSignature).unwrap_or_default(),
            user_handle: bytes(record, Member::CredentialUserHandle).filter(|handle| !handle.is_empty()),
        };
        if !party.observe(observation, observes.purpose) {
            tracing::debug!(route = &*route.name, "a sign-in came too fast to be observed");
        }
    }

    /// The readiness of each embedded upstream, by name.
    ///
    /// # Errors
    /// Where one of their directories does not answer.
    pub(crate) async fn readiness(&self) -> Result<BTreeMap<String, Readiness>, Refusal> {
        let mut readiness = BTreeMap::new();
        for (upstream, worker) in self.shared.plan.upstreams.iter().zip(self.workers.iter()) {
            if let Worker::Embedded(party) = worker {
                readiness.insert(upstream.name.to_string(), party.readiness().await?);
            }
        }
        Ok(readiness)
    }

    /// Forgets a passkey that the upstream has just deleted: what was learned of it is good for nothing any more.
    pub(crate) async fn unlearn(&self, route: &Route, told: &Request<'_>) {
        if told.operation() != Operation::CredentialsDelete {
            return;
        }
        let Some(Observes { upstream, purpose: Purpose::Learn }) = route.observes else { return };
        let Worker::Embedded(party) = &self.workers[upstream] else { return };
        let id = bytes(told.record(), Member::CredentialId);
        let handle = resolve::text(told.record(), Member::CredentialHandle).map(String::from);
        if let Err(Refusal { reason, .. }) = party.unlearn(id, handle).await {
            let route = &*route.name;
            tracing::error!(route, %reason, "a passkey was deleted at the upstream, and is still learned here");
        }
    }
}

fn bytes(record: &dyn Record<'_>, member: Member) -> Option<Vec<u8>> {
    match record.value(member)? {
        Value::Bytes(bytes) => Some(bytes.into_owned()),
        _ => None,
    }
}
