//! Passkeys that are learned from sign-ins at another upstream, and how many could be served here already.
//!
//! Whoever calls [`RelyingParty::observe`] vouches that the other upstream accepted the assertion, and that the user
//! it names is the one it signed in: nothing here can tell. One signature leaves two keys, and no key is used before
//! a second one has decided. Observing never waits: what comes too fast is dropped, and counted.

mod observation;
pub mod observe;
pub(crate) mod proven_user;
mod queue;
pub mod readiness;
#[cfg(test)]
mod tests;

pub(crate) use crate::features::key_learning::queue::Learner;
use crate::features::key_learning::readiness::{Readiness, window};
use crate::model::fault::Refusal;
use crate::relying_party::clock::now;
use crate::relying_party::directory::Store;
use crate::relying_party::directory::credential::Credential;
use crate::relying_party::directory::observed::ObservedCredential;
use crate::relying_party::directory::user::User;
use crate::relying_party::{RelyingParty, Shared};
use crate::storage::error::StoreError;

/// A sign-in that another upstream accepted.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// The user, by the id that the caller was answered with, where there is one.
    pub user_id: Option<String>,
    /// The user's address, where the upstream was told it or gave it.
    pub email: Option<String>,
    /// The credential id.
    pub credential_id: Vec<u8>,
    /// The upstream's own name for the credential, where it gave one.
    pub handle: Option<String>,
    /// `clientDataJSON`.
    pub client_data_json: Vec<u8>,
    /// The authenticator data.
    pub authenticator_data: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
    /// The user handle, where the authenticator returned one.
    pub user_handle: Option<Vec<u8>>,
}

/// What is made of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Unknown passkeys are learned, known ones are verified.
    Learn,
    /// Known ones are verified. No user and no passkey is added or taken away.
    Verify,
}

impl RelyingParty {
    /// Hands over a sign-in, to be noted when there is time. `false`: there was no room for it.
    pub fn observe(&self, observation: Observation, purpose: Purpose) -> bool {
        self.learner.note(observation, purpose)
    }

    /// Forgets a passkey that was deleted where it was learned from, by its id and by the name that the upstream
    /// has for it. One that was made or imported here stays.
    ///
    /// # Errors
    /// `overloaded`, or a directory that cannot be written.
    pub async fn unlearn(&self, credential_id: Option<Vec<u8>>, handle: Option<String>) -> Result<(), Refusal> {
        // What was accepted before the deletion must not come after it.
        self.learner.settled().await;
        let forget = move |store: &mut Store, _: &Shared| {
            let transaction = store.write()?;
            // A name may read as an id and be none: whichever of the two is meant, it is gone.
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
        self.work(forget).await
    }

    /// Whether the user, by id or else by address, could sign in here today with whatever passkey they used in the
    /// last thirty days. It is one look into an index. `false` also where the directory does not answer.
    pub async fn is_proven(&self, user_id: Option<&str>, email: Option<&str>) -> bool {
        let [user_id, email] = [user_id, email].map(|text| text.map(str::to_owned));
        let proven = self.work(move |store, shared| {
            let connection = store.connection();
            let user_id = match (user_id, email) {
                (Some(id), _) => Some(id),
                (None, Some(email)) => User::by_email(connection, &email)?.map(|user| user.id),
                (None, None) => None,
            };
            let Some(user_id) = user_id else { return Ok(false) };
            Ok(ObservedCredential::user_is_proven(connection, &user_id, &shared.party.rp_id, window(now()))?)
        });
        proven.await.unwrap_or(false)
    }

    /// How many of those who sign in could do so here, everything that was observed before included.
    ///
    /// # Errors
    /// `overloaded`, or a directory that cannot be read.
    pub async fn readiness(&self) -> Result<Readiness, Refusal> {
        // One reader at a time: the directory's threads are for those who sign in.
        let _turn = self.learner.reading.lock().await;
        self.learner.settled().await;
        self.work(|store, shared| Ok(Readiness::of(store, &shared.party.rp_id, now())?)).await
    }
}
