//! Learns passkeys from sign-ins at another upstream, and counts how many an embedded relying party could serve.
//!
//! The caller of [`KeyLearner::observe`] guarantees that the other upstream accepted the assertion and that the named
//! user is the one who signed in. One signature leaves two possible keys; no key is used before a second signature
//! decides. Observing never waits: an observation that does not fit the queue is dropped and counted. Start at
//! [`KeyLearner`].

mod observation;
pub mod observe;
pub(crate) mod proven_user;
mod queue;
pub mod readiness;
mod record_observation;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::Mutex;

pub use crate::features::key_learning::observation::{Observation, Purpose};
use crate::features::key_learning::queue::ObservationQueue;
use crate::features::key_learning::readiness::{Readiness, window};
use crate::model::fault::Refusal;
use crate::relying_party::RelyingParty;
use crate::relying_party::clock::now;
use crate::relying_party::directory::Store;
use crate::relying_party::directory::credential::Credential;
use crate::relying_party::directory::observed::ObservedCredential;
use crate::relying_party::directory::user::User;
use crate::storage::error::{OpenError, StoreError};

/// Learns the passkeys of one embedded relying party. Clones share the queue.
#[derive(Clone, Debug)]
pub struct KeyLearner {
    party: RelyingParty,
    queue: Arc<ObservationQueue>,
    /// Held while all passkeys are counted: the directory's threads are for sign-ins.
    counting: Arc<Mutex<()>>,
}

impl KeyLearner {
    /// Starts the thread that records observations, with its own connection to the directory. It blocks.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn start(party: RelyingParty) -> Result<Self, OpenError> {
        let context = Arc::clone(&party.context);
        let queue = ObservationQueue::start(Store::open(&context.database)?, context).map_err(OpenError::Threads)?;
        Ok(Self { party, queue: Arc::new(queue), counting: Arc::default() })
    }

    /// Queues a sign-in to be recorded. `false`: the queue is full.
    pub fn observe(&self, observation: Observation, purpose: Purpose) -> bool {
        self.queue.push(observation, purpose)
    }

    /// Waits until the sign-ins observed before are recorded.
    pub async fn settled(&self) {
        self.queue.settled().await;
    }

    /// Forgets a learned passkey that was deleted at the upstream, by its id and by the upstream's name of it.
    /// A passkey that was registered or imported here stays.
    ///
    /// # Errors
    /// `overloaded`, or a directory that cannot be written.
    pub async fn unlearn(&self, credential_id: Option<Vec<u8>>, handle: Option<String>) -> Result<(), Refusal> {
        // A sign-in before the deletion must not be recorded after it.
        self.settled().await;
        let forget = move |store: &mut Store| {
            let transaction = store.write()?;
            // A handle may also be an id, so both are deleted.
            let mut ids = Vec::from_iter(credential_id);
            if let Some(handle) = handle {
                ids.extend(ObservedCredential::ids_of_handle(&transaction, &handle)?);
            }
            for id in ids {
                if Credential::by_id(&transaction, &id)?.is_some_and(|credential| credential.learned) {
                    Credential::delete(&transaction, &id)?;
                }
                ObservedCredential::forget(&transaction, &id)?;
            }
            Ok(transaction.commit().map_err(StoreError::from)?)
        };
        self.party.run(|store, _| forget(store)).await
    }

    /// Whether the user, by id or else by address, could sign in here with every passkey that they used in the last
    /// thirty days. One indexed query. `false` also when the directory fails.
    pub async fn is_proven(&self, user_id: Option<&str>, email: Option<&str>) -> bool {
        let [user_id, email] = [user_id, email].map(|text| text.map(str::to_owned));
        let proven = self.party.run(move |store, context| {
            let connection = store.connection();
            let user_id = match (user_id, email) {
                (Some(id), _) => Some(id),
                (None, Some(email)) => User::by_email(connection, &email)?.map(|user| user.id),
                (None, None) => None,
            };
            let Some(user_id) = user_id else { return Ok(false) };
            Ok(ObservedCredential::user_is_proven(connection, &user_id, &context.config.rp_id, window(now()))?)
        });
        proven.await.unwrap_or(false)
    }

    /// How many of the observed users could sign in here.
    ///
    /// # Errors
    /// `overloaded`, or a directory that cannot be read.
    pub async fn readiness(&self) -> Result<Readiness, Refusal> {
        let _counting = self.counting.lock().await;
        self.settled().await;
        self.party.run(|store, context| Ok(Readiness::of(store, &context.config.rp_id, now())?)).await
    }
}
