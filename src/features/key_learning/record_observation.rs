//! What becomes of one observed sign-in, in one transaction.
//!
//! Nothing is believed that the sign-in did not show: a passkey, a user or a flag that differs from what was seen
//! before ends what was known, and it takes two more sign-ins that agree. What ends so is never used again, and what
//! is not for this relying party leaves no trace but a count.

use aws_lc_rs::digest::{SHA256, digest};
use rusqlite::{Connection, Transaction};

use crate::features::key_learning::{Observation, Purpose};
use crate::relying_party::config::RelyingPartyConfig;
use crate::relying_party::directory::Store;
use crate::relying_party::directory::credential::{Credential, Use};
use crate::relying_party::directory::days::{Aside, DAY, Day, Known, WINDOW};
use crate::relying_party::directory::observed::{ObservedCredential, State};
use crate::relying_party::directory::user::{MAX_HANDLE, Profile, User, is_email};
use crate::relying_party::random;
use crate::storage::error::StoreError;
use crate::webauthn::assertion::Assertion;
use crate::webauthn::cose_key::CoseKey;
use crate::webauthn::observed::Observed;
use crate::webauthn::recovery;

/// A user's id is not longer than this, in characters.
const MAX_ID: usize = 255;

/// What a sign-in showed: what is known now, what was known when it came, and whether the two agree.
struct Verdict {
    state: State,
    known: Known,
    agrees: bool,
}

/// Notes an observation.
pub(super) fn judge(
    store: &mut Store,
    party: &RelyingPartyConfig,
    seen: &Observation,
    purpose: Purpose,
    now: i64,
) -> Result<(), StoreError> {
    let transaction = store.write()?;
    let day = now.div_euclid(DAY);
    match Observed::read(&seen.assertion(), &party.rp_id, &party.origins) {
        Ok(observed) => Case { transaction: &transaction, party, seen, observed: &observed, now }.note(purpose)?,
        Err(step) => {
            tracing::debug!(reason = %step, "an observed sign-in was ignored");
            Day::aside(&transaction, day, Aside::Ignored, 1)?;
        }
    }
    Ok(transaction.commit()?)
}

/// One observation, as far as it could be read.
struct Case<'c> {
    transaction: &'c Transaction<'c>,
    party: &'c RelyingPartyConfig,
    seen: &'c Observation,
    observed: &'c Observed,
    now: i64,
}

impl Case<'_> {
    fn note(&self, purpose: Purpose) -> Result<(), StoreError> {
        if self.seen.user_handle.as_ref().is_some_and(|handle| !(1..=MAX_HANDLE).contains(&handle.len())) {
            return self.ignore("the user handle has not 1 to 64 bytes");
        }
        let row = ObservedCredential::by_id(self.transaction, &self.seen.credential_id)?;
        if row.as_ref().is_some_and(|row| row.signed == self.signed()) {
            return Ok(());
        }
        let credential = Credential::by_id(self.transaction, &self.seen.credential_id)?;
        if credential.as_ref().is_some_and(|credential| credential.rp_id != self.party.rp_id) {
            return self.ignore("the passkey is another relying party's");
        }
        let (user_id, verdict) = match (credential, purpose) {
            (Some(credential), _) => {
                let verdict = self.verify(&credential, purpose)?;
                (credential.user_id, verdict)
            }
            (None, Purpose::Verify) => {
                return Day::sign_in(self.transaction, self.day(), Known::Unseen, false);
            }
            (None, Purpose::Learn) => {
                let Some(user_id) = self.user()? else { return self.ignore("it is nobody's") };
                let verdict = self.learn(row.as_ref(), &user_id)?;
                (user_id, verdict)
            }
        };
        let first = !ObservedCredential::user_was_seen(self.transaction, &user_id, self.day())?;
        Day::sign_in(self.transaction, self.day(), verdict.known, first)?;
        if !verdict.agrees {
            Day::aside(self.transaction, self.day(), Aside::Mismatched, 1)?;
        }
        self.row_after(row, user_id, verdict.state).put(self.transaction)
    }

    /// Holds the sign-in against a passkey of the directory.
    fn verify(&self, credential: &Credential, purpose: Purpose) -> Result<Verdict, StoreError> {
        let key = CoseKey::parse(&credential.public_key).map_err(|_| StoreError::Unreadable("public key"))?;
        let owner = User::by_id(self.transaction, &credential.user_id)?;
        let handle = match (&credential.user_handle, &owner) {
            (None, Some(owner)) if !credential.learned => Some(&owner.handle),
            (handle, _) => handle.as_ref(),
        };
        let agrees = owner.as_ref().is_some_and(|owner| self.names(owner))
            && key.verifies(&self.observed.signed, &self.seen.signature)
            && credential.backup_eligible.is_none_or(|eligible| eligible == self.observed.backup_eligible)
            && differs_not(handle, self.seen.user_handle.as_ref());
        if agrees {
            let how = Use {
                sign_count: self.observed.sign_count,
                backup_eligible: self.observed.backup_eligible,
                backup_state: self.observed.backup_state,
            };
            Credential::used_elsewhere(self.transaction, &credential.id, how, self.now)?;
            return Ok(Verdict { state: State::Proven, known: Known::Proven, agrees });
        }
        if credential.learned && purpose == Purpose::Learn {
            Credential::delete(self.transaction, &credential.id)?;
        }
        Ok(Verdict { state: State::Contradicted, known: Known::Unseen, agrees })
    }

    /// Holds the sign-in against what was seen of a passkey that the directory does not have.
    fn learn(&self, row: Option<&ObservedCredential>, user_id: &str) -> Result<Verdict, StoreError> {
        let begun = |known| Verdict { state: self.first(), known, agrees: true };
        let contradicted = Verdict { state: State::Contradicted, known: Known::Unseen, agrees: false };
        let Some(row) = row else { return Ok(begun(Known::Unseen)) };
        let same = row.user_id == user_id
            && row.rp_id == self.party.rp_id
            && row.backup_eligible == self.observed.backup_eligible
            && differs_not(row.user_handle.as_ref(), self.seen.user_handle.as_ref());
        match &row.state {
            // Proven, and the passkey is gone: it was deleted here, and is seen as if for the first time.
            State::Contradicted | State::Proven => Ok(begun(Known::Unseen)),
            State::Candidates(_) | State::NotLearnable if !same => Ok(contradicted),
            State::NotLearnable => match begun(Known::NotLearnable) {
                still @ Verdict { state: State::NotLearnable, .. } => Ok(still),
                _ => Ok(contradicted),
            },
            State::Candidates(keys) => {
                let left = recovery::narrow(keys.clone(), &self.observed.signed, &self.seen.signature);
                match left.as_slice() {
                    [] => Ok(contradicted),
                    [key] => {
                        self.prove(row, key)?;
                        Ok(Verdict { state: State::Proven, known: Known::OneShort, agrees: true })
                    }
                    _ => Ok(Verdict { state: State::Candidates(left), known: Known::OneShort, agrees: true }),
                }
            }
        }
    }

    /// What a first signature tells.
    fn first(&self) -> State {
        match recovery::candidates(&self.observed.signed, &self.seen.signature) {
            keys if keys.is_empty() => State::NotLearnable,
            keys => State::Candidates(keys),
        }
    }

    /// Two signatures agree on one key: from now on the passkey can sign in here.
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

    fn row_after(&self, row: Option<ObservedCredential>, user_id: String, state: State) -> ObservedCredential {
        // What contradicts ends what was known of flags, handle and counter, too.
        let row = row.filter(|row| row.user_id == user_id);
        let carried = row.as_ref().filter(|row| row.state != State::Contradicted && state != State::Contradicted);
        let mut after = ObservedCredential {
            id: self.seen.credential_id.clone(),
            user_id,
            rp_id: self.party.rp_id.clone(),
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

    /// The user whose passkey this is; a new one where the directory has none of that id, or of that address where
    /// nobody told an id.
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
        // The same id is the same user, the same address is not: one that is somebody's stays theirs.
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
            // Handles are unique here, and another provider need not keep them so.
            match user(handle).insert(connection) {
                Err(StoreError::Taken(_)) => {}
                inserted => return inserted.map(|()| Some(id.clone())),
            }
        }
        user(random::bytes::<MAX_HANDLE>()?.into()).insert(connection)?;
        Ok(Some(id))
    }

    /// Whether the sign-in was that user's.
    fn names(&self, user: &User) -> bool {
        let by_email = self.seen.email.as_ref().is_some_and(|email| user.has_email(email));
        self.seen.user_id.as_ref().is_some_and(|id| *id == user.id) || by_email
    }

    fn ignore(&self, reason: &'static str) -> Result<(), StoreError> {
        tracing::debug!(reason, "an observed sign-in was ignored");
        Day::aside(self.transaction, self.day(), Aside::Ignored, 1)
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

impl Observation {
    fn assertion(&self) -> Assertion<'_> {
        Assertion {
            credential_id: &self.credential_id,
            client_data_json: &self.client_data_json,
            authenticator_data: &self.authenticator_data,
            signature: &self.signature,
            user_handle: self.user_handle.as_deref(),
        }
    }
}

/// Whether both say the same, as far as both say something.
fn differs_not(one: Option<&Vec<u8>>, other: Option<&Vec<u8>>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one == other)
}
