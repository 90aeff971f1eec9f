//! What a sign-in that the upstream accepted teaches an embedded relying party, where the route says so.
//!
//! Only a finish comes here whose success was understood and whose subject was proved. The user is the one whom the
//! caller was answered with, by the names that `learned_name` finds proven. Handing over never
//! keeps the answer waiting and never changes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ceremony::{Ceremony, Subject};
use crate::features::key_learning::proven_user::{IdentityMaps, SignedIn};
use crate::features::key_learning::readiness::Readiness;
use crate::features::key_learning::{KeyLearner, Observation, Purpose};
use crate::gateway::pipeline::Gateway;
use crate::gateway::steps::build_upstream_request;
use crate::gateway::steps::call_upstream::Worker;
use crate::model::fault::Refusal;
use crate::model::member::Member;
use crate::model::message::{Request, Response};
use crate::model::operation::Operation;
use crate::model::record::Record;
use crate::model::value::Value;
use crate::routes::Route;

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
        Self {
            subject: build_upstream_request::subject(record),
            credential: build_upstream_request::text(record, Member::CredentialHandle),
        }
    }
}

/// A sign-in on its way to whoever learns from it, who does not know yet whose it is.
struct Handing {
    route: Arc<str>,
    learner: KeyLearner,
    observation: Observation,
    purpose: Purpose,
}

impl Handing {
    fn over(mut self, user: Subject) {
        self.observation.user_id = user.id.map(String::from);
        self.observation.email = user.email.map(String::from);
        if !self.learner.observe(self.observation, self.purpose) {
            tracing::debug!(route = &*self.route, "a sign-in came too fast to be observed");
        }
    }
}

impl Gateway {
    /// Hands over a login that the upstream accepted. `answered` is what its own answer names, before anything was
    /// put into it; `names` are the caller's of the user, where an identity map told them.
    pub(crate) fn observe(
        &self,
        route: &Route,
        request: &Request<'_>,
        begun: &Ceremony,
        answered: Answered,
        names: Option<&Subject>,
        response: &Response<'_>,
    ) {
        let Some(Observes { upstream: learner, purpose }) = route.observes else { return };
        let Worker::Embedded(_, key_learner) = &self.workers[learner] else { return };
        let record = request.record();
        let observation = Observation {
            user_id: None,
            email: None,
            credential_id: bytes(record, Member::CredentialId).unwrap_or_default(),
            handle: answered.credential.map(String::from),
            client_data_json: bytes(record, Member::CredentialClientDataJson).unwrap_or_default(),
            authenticator_data: bytes(record, Member::CredentialAuthenticatorData).unwrap_or_default(),
            signature: bytes(record, Member::CredentialSignature).unwrap_or_default(),
            user_handle: bytes(record, Member::CredentialUserHandle).filter(|handle| !handle.is_empty()),
        };
        let signed_in = SignedIn {
            said: names.cloned().unwrap_or_else(|| build_upstream_request::subject(response.record())),
            answered: answered.subject,
            told: if route.constant_user { Subject::default() } else { begun.told.subject.clone() },
        };
        let identity = |upstream: usize| self.shared.plan.upstreams[upstream].identity.clone();
        let between = IdentityMaps { upstream: identity(route.upstream), learner: identity(learner) };
        let handing = Handing { route: route.name.clone(), learner: key_learner.clone(), observation, purpose };
        if between.is_nothing() {
            return handing.over(signed_in.alike());
        }
        // The caller does not wait for a map to say who that is to somebody else.
        tokio::spawn(async move {
            match between.name(&signed_in).await {
                Ok(Some(user)) => handing.over(user),
                Ok(None) => tracing::debug!(route = &*handing.route, "a sign-in is nobody's that could be observed"),
                Err(unanswered) => {
                    tracing::warn!(route = &*handing.route, reason = %unanswered, "a sign-in was not observed");
                }
            }
        });
    }

    /// The readiness of each embedded upstream, by name.
    ///
    /// # Errors
    /// Where one of their directories does not answer.
    pub(crate) async fn readiness(&self) -> Result<BTreeMap<String, Readiness>, Refusal> {
        let mut readiness = BTreeMap::new();
        for (upstream, worker) in self.shared.plan.upstreams.iter().zip(self.workers.iter()) {
            if let Worker::Embedded(_, learner) = worker {
                readiness.insert(upstream.name.to_string(), learner.readiness().await?);
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
        let Worker::Embedded(_, learner) = &self.workers[upstream] else { return };
        let id = bytes(told.record(), Member::CredentialId);
        let handle = build_upstream_request::text(told.record(), Member::CredentialHandle).map(String::from);
        if let Err(Refusal { reason, .. }) = learner.unlearn(id, handle).await {
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
