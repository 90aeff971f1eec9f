//! Adding a passkey to a user who is known.
//!
//! The user is who calls, or whom a trusted application names; a ceremony that a user began is
//! finished by that user only.

use std::borrow::Cow;

use crate::model::fault::{Fault, Refusal};
use crate::model::registration::{AttestationResponse, CreationRequest, CredentialCreation, Registered};
use crate::model::user_verification::UserVerification;
use crate::relying_party::Shared;
use crate::relying_party::ceremony::{check_rp_id, forbidden, new_terms};
use crate::relying_party::creation::{self, Created};
use crate::relying_party::directory::Store;
use crate::relying_party::directory::credential::Credential;
use crate::relying_party::directory::user::User;
use crate::relying_party::pending::{Pending, PendingRegistration};
use crate::relying_party::subject::Subject;
use crate::storage::error::StoreError;

/// How many passkeys a user may register here; an import may bring more.
const MAX_CREDENTIALS: usize = 100;

/// `registration.begin`, as far as it matters here.
#[derive(Debug)]
pub(crate) struct BeginRegistration {
    subject: Subject,
    attachment: Option<String>,
    user_verification: UserVerification,
}

impl BeginRegistration {
    pub(crate) fn read(
        request: &CreationRequest<'_>,
        caller: Option<&str>,
        user_verification: UserVerification,
        shared: &Shared,
    ) -> Result<Self, Refusal> {
        check_rp_id(request.rp_id.as_deref(), &shared.party)?;
        Ok(Self {
            subject: Subject::new(caller, request.user_id.as_deref(), request.user_email.as_deref()),
            attachment: creation::attachment(request.attachment.as_deref())?,
            user_verification,
        })
    }

    /// Answers with options that exclude every authenticator the user has registered.
    pub(crate) fn serve(self, store: &Store, shared: &Shared) -> Result<CredentialCreation<'static>, Refusal> {
        let user = self.subject.require(store.connection())?;
        let existing = Credential::of_user(store.connection(), &user.id, &shared.party.rp_id)?;
        check_count(&existing)?;
        let pending = Pending::Registration(PendingRegistration {
            terms: new_terms(self.user_verification)?,
            user_id: user.id.clone(),
            is_caller: self.subject.caller.is_some(),
        });
        creation::options(&shared.party, &user, &pending, &existing, self.attachment)
    }
}

/// `registration.finish`, as far as it matters here.
#[derive(Debug)]
pub(crate) struct FinishRegistration {
    pending: PendingRegistration,
    subject: Subject,
    created: Created,
}

impl FinishRegistration {
    pub(crate) fn read(
        request: &AttestationResponse<'_>,
        ceremony: Option<&str>,
        caller: Option<&str>,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            pending: PendingRegistration::read(ceremony)?,
            subject: Subject::new(caller, request.user_id.as_deref(), None),
            created: Created::read(request)?,
        })
    }

    /// Verifies and stores the passkey.
    pub(crate) fn serve(&self, store: &mut Store, shared: &Shared, now: i64) -> Result<Registered<'static>, Refusal> {
        if self.pending.is_caller && self.subject.caller.is_none() {
            return Err(forbidden("a user began, and nobody finishes"));
        }
        let user = User::by_id(store.connection(), &self.pending.user_id)?;
        let user = user.ok_or_else(|| Refusal::new(Fault::UnknownUser, "the user is gone"))?;
        if !self.subject.fits(&user) {
            return Err(forbidden("another user finishes than the one who began"));
        }
        let credential = self.created.verify(&self.pending.terms, &user, &shared.party, now)?;
        let transaction = store.write()?;
        check_count(&Credential::of_user(&transaction, &user.id, &shared.party.rp_id)?)?;
        credential.insert(&transaction)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(registered(user, credential))
    }
}

fn check_count(existing: &[Credential]) -> Result<(), Refusal> {
    if existing.len() < MAX_CREDENTIALS {
        return Ok(());
    }
    Err(Refusal::with_public_message(Fault::Conflict, "The user has as many passkeys as a user can have."))
}

fn registered(user: User, credential: Credential) -> Registered<'static> {
    Registered {
        user_id: Some(user.id.into()),
        user_handle: Some(user.handle.into()),
        credential_id: Some(credential.id.into()),
        credential_handle: Some(credential.handle.into()),
        credential_name: credential.name.map(Cow::Owned),
        credential_transports: credential.transports.into_iter().map(Cow::Owned).collect(),
        credential_created_at: Some(credential.created_at),
        rp_id: Some(credential.rp_id.into()),
        recovery_codes: Vec::new(),
    }
}
