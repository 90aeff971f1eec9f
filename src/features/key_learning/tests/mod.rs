//! Learning from sign-ins at another upstream.

mod meter;
mod never;
mod proven;

use super::{KeyLearner, Observation, Purpose};
use crate::features::key_learning::readiness::{Counts, Readiness};
use crate::model::assertion::AssertionResponse;
use crate::relying_party::RelyingParty;
use crate::relying_party::directory::Store;
use crate::relying_party::directory::credential::Credential;
use crate::relying_party::directory::observed::{KeyState, ObservedCredential};
use crate::relying_party::tests::TestDirectory;
use crate::relying_party::tests::forger::{Forger, UP, UV};

/// BE: the flag of a passkey that may be backed up (WebAuthn 6.1).
const BE: u8 = 0x08;

fn observation(signed: &AssertionResponse<'_>, user_id: Option<&str>, email: Option<&str>) -> Observation {
    let bytes = |bytes: &Option<std::borrow::Cow<'_, [u8]>>| bytes.as_deref().unwrap_or_default().to_vec();
    Observation {
        user_id: user_id.map(str::to_owned),
        email: email.map(str::to_owned),
        credential_id: bytes(&signed.credential_id),
        handle: None,
        client_data_json: bytes(&signed.credential_client_data_json),
        authenticator_data: bytes(&signed.credential_authenticator_data),
        signature: bytes(&signed.credential_signature),
        user_handle: signed.credential_user_handle.as_deref().map(<[u8]>::to_vec),
    }
}

/// A relying party with a learner, and its directory.
struct Watch {
    place: TestDirectory,
    own: RelyingParty,
    learner: KeyLearner,
    store: Store,
    challenge: u32,
}

impl Watch {
    fn new() -> Self {
        let place = TestDirectory::new();
        let own = place.open();
        let learner = KeyLearner::start(own.clone()).unwrap();
        let store = place.store();
        Self { place, own, learner, store, challenge: 0 }
    }

    /// Bea signs in at the other upstream.
    async fn sees(&mut self, forger: &Forger) {
        self.sees_of(forger, Some("bea"), Some("bea@example.com")).await;
    }

    async fn sees_of(&mut self, forger: &Forger, user_id: Option<&str>, email: Option<&str>) {
        self.challenge += 1;
        let signed = forger.sign(&self.challenge.to_be_bytes());
        self.takes(observation(&signed, user_id, email), Purpose::Learn).await;
    }

    async fn takes(&self, observation: Observation, purpose: Purpose) {
        assert!(self.learner.observe(observation, purpose));
        self.learner.settled().await;
    }

    fn row(&self, forger: &Forger) -> Option<ObservedCredential> {
        ObservedCredential::by_id(self.store.connection(), &forger.credential_id).unwrap()
    }

    fn state(&self, forger: &Forger) -> &'static str {
        match self.row(forger).map(|row| row.state) {
            None => "unseen",
            Some(KeyState::Candidates(_)) => "candidates",
            Some(KeyState::Proven) => "proven",
            Some(KeyState::NotLearnable) => "not learnable",
            Some(KeyState::Contradicted) => "contradicted",
        }
    }

    fn learned(&self, forger: &Forger) -> Option<Credential> {
        Credential::by_id(self.store.connection(), &forger.credential_id).unwrap()
    }

    async fn readiness(&self) -> Readiness {
        self.learner.readiness().await.unwrap()
    }
}

fn counts(kinds: [u64; 4], share: Option<f64>) -> Counts {
    let [proven, one_short, unseen, not_learnable] = kinds;
    Counts { total: kinds.iter().sum(), proven, one_short, unseen, not_learnable, share }
}

fn bea() -> Forger {
    Forger { count: 0, flags: UP | UV | BE, ..Forger::new(b"bea elsewhere") }
}
