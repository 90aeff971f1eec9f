//! The hook after a sign-in was proved: the embedded relying party of the route learns from it.
//!
//! It runs only for a finish whose answer was decoded and whose subject was verified. The user is the one in the
//! response to the caller, by the names that [`proven_user`](super::proven_user) proves. Submitting an observation
//! never delays or changes the response.

use std::sync::Arc;

use crate::ceremony::{Ceremony, Subject};
use crate::features::key_learning::proven_user::{IdentityMaps, SignedIn};
use crate::features::key_learning::{KeyLearner, Observation, Purpose};
use crate::model::fault::Refusal;
use crate::model::member::Member;
use crate::model::message::{Request, Response};
use crate::model::operation::Operation;
use crate::model::record::{Record, text};
use crate::model::value::Value;

/// The embedded upstream that learns from a backend's sign-ins, and the purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learning {
    /// The embedded upstream, by its place among the upstreams.
    pub upstream: usize,
    /// The use of a sign-in.
    pub purpose: Purpose,
}

/// The learner of a backend's sign-ins.
pub(crate) struct BackendLearner<'l> {
    pub(crate) learner: &'l KeyLearner,
    pub(crate) purpose: Purpose,
    /// The name of the route, for the log.
    pub(crate) route: &'l Arc<str>,
    /// Whether every request to the upstream names the same user, which proves nothing.
    pub(crate) sets_constant_user: bool,
    pub(crate) maps: IdentityMaps,
}

/// The user and the passkey in the upstream's own answer to a login, before anything is added to it.
pub(crate) struct SignedInUser {
    pub(crate) subject: Subject,
    /// The passkey, by the upstream's own name of it.
    pub(crate) credential: Option<Box<str>>,
}

/// An observation without its user.
struct ObservationDraft {
    route: Arc<str>,
    learner: KeyLearner,
    observation: Observation,
    purpose: Purpose,
}

// ===== impl SignedInUser =====

impl SignedInUser {
    pub(crate) fn of(record: &dyn Record<'_>) -> Self {
        Self { subject: Subject::named_in(record), credential: text(record, Member::CredentialHandle) }
    }
}

// ===== impl ObservationDraft =====

impl ObservationDraft {
    fn submit(mut self, user: Subject) {
        self.observation.user_id = user.id.map(String::from);
        self.observation.email = user.email.map(String::from);
        if !self.learner.observe(self.observation, self.purpose) {
            tracing::debug!(route = &*self.route, "sign-in not observed, the queue is full");
        }
    }
}

// ===== impl BackendLearner =====

impl BackendLearner<'_> {
    /// Observes a login. `names` are the caller's names of the user, where an identity map gave them.
    pub(crate) fn observe(
        self,
        request: &Request<'_>,
        ceremony: &Ceremony,
        signed_in: SignedInUser,
        names: Option<&Subject>,
        response: &Response<'_>,
    ) {
        let record = request.record();
        let observation = Observation {
            user_id: None,
            email: None,
            credential_id: bytes(record, Member::CredentialId).unwrap_or_default(),
            handle: signed_in.credential.map(String::from),
            client_data_json: bytes(record, Member::CredentialClientDataJson).unwrap_or_default(),
            authenticator_data: bytes(record, Member::CredentialAuthenticatorData).unwrap_or_default(),
            signature: bytes(record, Member::CredentialSignature).unwrap_or_default(),
            user_handle: bytes(record, Member::CredentialUserHandle).filter(|handle| !handle.is_empty()),
        };
        let user = SignedIn {
            returned: names.cloned().unwrap_or_else(|| Subject::named_in(response.record())),
            answered: signed_in.subject,
            sent: if self.sets_constant_user { Subject::default() } else { ceremony.sent.subject.clone() },
        };
        let Self { learner, purpose, route, maps, .. } = self;
        let draft = ObservationDraft { route: route.clone(), learner: learner.clone(), observation, purpose };
        if maps.is_empty() {
            return draft.submit(user.alike());
        }
        // The caller does not wait for a look-up in an identity map.
        tokio::spawn(async move {
            match maps.name(&user).await {
                Ok(Some(user)) => draft.submit(user),
                Ok(None) => tracing::debug!(route = &*draft.route, "sign-in not observed, its user is unknown"),
                Err(unanswered) => {
                    tracing::warn!(route = &*draft.route, reason = %unanswered, "sign-in not observed");
                }
            }
        });
    }

    /// Deletes a learned passkey that the upstream has deleted.
    pub(crate) async fn unlearn(self, request: &Request<'_>) {
        if request.operation() != Operation::CredentialsDelete || self.purpose != Purpose::Learn {
            return;
        }
        let id = bytes(request.record(), Member::CredentialId);
        let handle = text(request.record(), Member::CredentialHandle).map(String::from);
        if let Err(Refusal { reason, .. }) = self.learner.unlearn(id, handle).await {
            tracing::error!(route = &**self.route, %reason, "deleted passkey not unlearned");
        }
    }
}

fn bytes(record: &dyn Record<'_>, member: Member) -> Option<Vec<u8>> {
    match record.value(member)? {
        Value::Bytes(bytes) => Some(bytes.into_owned()),
        _ => None,
    }
}
