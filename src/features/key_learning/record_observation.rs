//! Records one observed sign-in, in one transaction.
//!
//! A signature, user or flag that contradicts what was seen before discards the key, and two more sign-ins must agree
//! before one is used again. A sign-in for another relying party is only counted.

use aws_lc_rs::digest::{SHA256, digest};
use rusqlite::{Connection, Transaction};

use crate::features::key_learning::observation::{Observation, Purpose};
use crate::relying_party::config::RelyingPartyConfig;
use crate::relying_party::directory::Store;
use crate::relying_party::directory::credential::{AuthenticatorState, Credential};
use crate::relying_party::directory::days::{DAY, Day, DayCounter, KeyKnowledge, WINDOW};
use crate::relying_party::directory::observed::{KeyState, ObservedCredential};
use crate::relying_party::directory::user::{MAX_HANDLE, Profile, User, is_email};
use crate::relying_party::random;
use crate::storage::error::StoreError;
use crate::webauthn::cose_key::CoseKey;
use crate::webauthn::observed::Observed;
use crate::webauthn::recovery;

/// In characters.
const MAX_ID: usize = 255;

/// The result of a sign-in.
struct Assessment {
    /// After the sign-in.
    state: KeyState,
    /// Before the sign-in.
    known: KeyKnowledge,
    agrees: bool,
}

/// Records an observation.
pub(super) fn record(
    store: &mut Store,
    config: &RelyingPartyConfig,
    seen: &Observation,
    purpose: Purpose,
    now: i64,
) -> Result<(), StoreError> {
    let transaction = store.write()?;
    let day = now.div_euclid(DAY);
    match Observed::read(&seen.assertion(), &config.rp_id, &config.origins) {
        Ok(observed) => {
            Recording { transaction: &transaction, config, seen, observed: &observed, now }.record(purpose)?
        }
        Err(step) => {
            tracing::debug!(reason = %step, "observed sign-in ignored");
            Day::count(&transaction, day, DayCounter::Ignored, 1)?;
        }
    }
    Ok(transaction.commit()?)
}

/// An observation that could be parsed.
struct Recording<'c> {
    transaction: &'c Transaction<'c>,
    config: &'c RelyingPartyConfig,
    seen: &'c Observation,
    observed: &'c Observed,
    now: i64,
}

impl Recording<'_> {
    fn record(&self, purpose: Purpose) -> Result<(), StoreError> {
        if self.seen.user_handle.as_ref().is_some_and(|handle| !(1..=MAX_HANDLE).contains(&handle.len())) {
            return self.ignore("the user handle must have 1 to 64 bytes");
        }
        let row = ObservedCredential::by_id(self.transaction, &self.seen.credential_id)?;
        if row.as_ref().is_some_and(|row| row.signed == self.signed()) {
            return Ok(());
        }
        let credential = Credential::by_id(self.transaction, &self.seen.credential_id)?;
        if credential.as_ref().is_some_and(|credential| credential.rp_id != self.config.rp_id) {
            return self.ignore("the passkey belongs to another relying party");
        }
        let (user_id, assessment) = match (credential, purpose) {
            (Some(credential), _) => {
                let assessment = self.verify(&credential, purpose)?;
                (credential.user_id, assessment)
            }
            (None, Purpose::Verify) => {
                return Day::sign_in(self.transaction, self.day(), KeyKnowledge::Unseen, false);
            }
            (None, Purpose::Learn) => {
                let Some(user_id) = self.user()? else { return self.ignore("it names no user") };
                let assessment = self.learn(row.as_ref(), &user_id)?;
                (user_id, assessment)
            }
        };
        let first = !ObservedCredential::user_was_seen(self.transaction, &user_id, self.day())?;
        Day::sign_in(self.transaction, self.day(), assessment.known, first)?;
        if !assessment.agrees {
            Day::count(self.transaction, self.day(), DayCounter::Mismatched, 1)?;
        }
        self.row_after(row, user_id, assessment.state).put(self.transaction)
    }

    /// Verifies the sign-in with a passkey of the directory.
    fn verify(&self, credential: &Credential, purpose: Purpose) -> Result<Assessment, StoreError> {
        let key = CoseKey::parse(&credential.public_key).map_err(|_| StoreError::Unreadable("public key"))?;
        let owner = User::by_id(self.transaction, &credential.user_id)?;
        let handle = match (&credential.user_handle, &owner) {
            (None, Some(owner)) if !credential.learned => Some(&owner.handle),
            (handle, _) => handle.as_ref(),
        };
        let agrees = owner.as_ref().is_some_and(|owner| self.names(owner))
            && key.verifies(&self.observed.signed, &self.seen.signature)
            && credential.backup_eligible.is_none_or(|eligible| eligible == self.observed.backup_eligible)
            && agree(handle, self.seen.user_handle.as_ref());
        if agrees {
            let how = AuthenticatorState {
                sign_count: self.observed.sign_count,
                backup_eligible: self.observed.backup_eligible,
                backup_state: self.observed.backup_state,
            };
            Credential::used_elsewhere(self.transaction, &credential.id, how, self.now)?;
            return Ok(Assessment { state: KeyState::Proven, known: KeyKnowledge::Proven, agrees });
        }
        if credential.learned && purpose == Purpose::Learn {
            Credential::delete(self.transaction, &credential.id)?;
        }
        Ok(Assessment { state: KeyState::Contradicted, known: KeyKnowledge::Unseen, agrees })
    }

    /// Compares the sign-in with earlier ones of a passkey that the directory does not have.
    fn learn(&self, row: Option<&ObservedCredential>, user_id: &str) -> Result<Assessment, StoreError> {
        let begun = |known| Assessment { state: self.first(), known, agrees: true };
        let contradicted = Assessment { state: KeyState::Contradicted, known: KeyKnowledge::Unseen, agrees: false };
        let Some(row) = row else { return Ok(begun(KeyKnowledge::Unseen)) };
        let same = row.user_id == user_id
            && row.rp_id == self.config.rp_id
            && row.backup_eligible == self.observed.backup_eligible
            && agree(row.user_handle.as_ref(), self.seen.user_handle.as_ref());
        match &row.state {
            // Proven, but not in the directory: it was deleted here, so learning starts again.
            KeyState::Contradicted | KeyState::Proven => Ok(begun(KeyKnowledge::Unseen)),
            KeyState::Candidates(_) | KeyState::NotLearnable if !same => Ok(contradicted),
            KeyState::NotLearnable => match begun(KeyKnowledge::NotLearnable) {
                still @ Assessment { state: KeyState::NotLearnable, .. } => Ok(still),
                _ => Ok(contradicted),
            },
            KeyState::Candidates(keys) => {
                let left = recovery::narrow(keys.clone(), &self.observed.signed, &self.seen.signature);
                match left.as_slice() {
                    [] => Ok(contradicted),
                    [key] => {
                        self.prove(row, key)?;
                        Ok(Assessment { state: KeyState::Proven, known: KeyKnowledge::OneShort, agrees: true })
                    }
                    _ => Ok(Assessment {
                        state: KeyState::Candidates(left),
                        known: KeyKnowledge::OneShort,
                        agrees: true,
                    }),
                }
            }
        }
    }

    /// The state after a first signature.
    fn first(&self) -> KeyState {
        match recovery::candidates(&self.observed.signed, &self.seen.signature) {
            keys if keys.is_empty() => KeyState::NotLearnable,
            keys => KeyState::Candidates(keys),
        }
    }

    /// Two signatures agree on one key: stores the passkey.
    fn prove(&self, row: &ObservedCredential, key: &CoseKey) -> Result<(), StoreError> {
        let credential = Credential {
            serial: 0,
            id: row.id.clone(),
            user_id: row.user_id.clone(),
            handle: random::identifier("credential_"),
            rp_id: row.rp_id.clone(),
            public_key: key.as_bytes().to_vec(),
            sign_count: row.sign_count.max(self.observed.sign_count),
            transports: Vec::new(),
            uv_initialized: row.user_verified || self.observed.user_verified,
            backup_eligible: Some(self.observed.backup_eligible),
            backup_state: self.observed.backup_state,
            aaguid: None,
            name: None,
            created_at: row.first_seen_at,
            last_used_at: Some(self.now),
            user_handle: row.user_handle.clone().or_else(|| self.seen.user_handle.clone()),
            learned: true,
        };
        credential.insert(self.transaction)
    }

    fn row_after(&self, row: Option<ObservedCredential>, user_id: String, state: KeyState) -> ObservedCredential {
        // A contradiction also discards flags, handle and counter.
        let row = row.filter(|row| row.user_id == user_id);
        let carried = row.as_ref().filter(|row| row.state != KeyState::Contradicted && state != KeyState::Contradicted);
        let mut after = ObservedCredential {
            id: self.seen.credential_id.clone(),
            user_id,
            rp_id: self.config.rp_id.clone(),
            state,
            signed: self.signed(),
            user_handle: carried.and_then(|row| row.user_handle.clone()).or_else(|| self.seen.user_handle.clone()),
            sign_count: carried.map_or(0, |row| row.sign_count).max(self.observed.sign_count),
            user_verified: self.observed.user_verified,
            backup_eligible: self.observed.backup_eligible,
            backup_state: self.observed.backup_state,
            first_seen_at: row.as_ref().map_or(self.now, |row| row.first_seen_at),
            last_seen_at: row.as_ref().map_or(self.now, |row| row.last_seen_at),
            recent: row.as_ref().map_or([0; WINDOW], |row| row.recent),
            handle: self.seen.handle.clone().or(row.and_then(|row| row.handle)),
        };
        after.count(self.now);
        after
    }

    /// The user of the passkey, by id or else by address. Added when missing.
    fn user(&self) -> Result<Option<String>, StoreError> {
        let email = self.seen.email.as_deref().filter(|email| is_email(email));
        let connection: &Connection = self.transaction;
        let id = match (&self.seen.user_id, email) {
            (Some(id), _) if !(1..=MAX_ID).contains(&id.chars().count()) => return Ok(None),
            (Some(id), _) => id.clone(),
            (None, None) => return Ok(None),
            (None, Some(email)) => match User::by_email(connection, email)? {
                Some(user) => return Ok(Some(user.id)),
                None => random::identifier("user_"),
            },
        };
        if User::by_id(connection, &id)?.is_some() {
            return Ok(Some(id));
        }
        // An address that another user has is not stored.
        let taken = match email {
            Some(email) => User::by_email(connection, email)?.is_some(),
            None => false,
        };
        let email = email.filter(|_| !taken);
        let user = |handle: Vec<u8>| User {
            id: id.clone(),
            handle,
            email: email.map(str::to_owned),
            name: None,
            display_name: None,
            profile: Profile::default(),
            created_at: self.now,
        };
        if let Some(handle) = self.seen.user_handle.clone() {
            // Handles are unique here, but perhaps not at the other provider.
            match user(handle).insert(connection) {
                Err(StoreError::Taken(_)) => {}
                inserted => return inserted.map(|()| Some(id.clone())),
            }
        }
        user(random::bytes::<MAX_HANDLE>()?.into()).insert(connection)?;
        Ok(Some(id))
    }

    /// Whether the sign-in names that user.
    fn names(&self, user: &User) -> bool {
        let by_email = self.seen.email.as_ref().is_some_and(|email| user.has_email(email));
        self.seen.user_id.as_ref().is_some_and(|id| *id == user.id) || by_email
    }

    fn ignore(&self, reason: &'static str) -> Result<(), StoreError> {
        tracing::debug!(reason, "observed sign-in ignored");
        Day::count(self.transaction, self.day(), DayCounter::Ignored, 1)
    }

    fn day(&self) -> i64 {
        self.now.div_euclid(DAY)
    }

    fn signed(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, &self.observed.signed).as_ref());
        hash
    }
}

/// Whether both are equal, or one is missing.
fn agree(one: Option<&Vec<u8>>, other: Option<&Vec<u8>>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one == other)
}
