//! Adding a passkey to a known user.
//!
//! The user is the caller, or named by a trusted application. A ceremony that a user began must be finished by the
//! same user.

use std::borrow::Cow;

use crate::model::fault::{Fault, Refusal};
use crate::model::registration::{AttestationResponse, CreationRequest, CredentialCreation, Registered};
use crate::model::user_verification::UserVerification;
use crate::relying_party::ceremony::{check_rp_id, forbidden, new_terms};
use crate::relying_party::context::RelyingPartyContext;
use crate::relying_party::creation::{self, NewCredential};
use crate::relying_party::directory::Store;
use crate::relying_party::directory::credential::Credential;
use crate::relying_party::directory::user::User;
use crate::relying_party::pending::{Pending, PendingRegistration};
use crate::relying_party::subject::UserReference;
use crate::storage::error::StoreError;

/// Per user. An import may add more.
const MAX_CREDENTIALS: usize = 100;

/// `registration.begin`, with the members that are used.
#[derive(Debug)]
pub(crate) struct BeginRegistration {
    subject: UserReference,
    attachment: Option<String>,
    user_verification: UserVerification,
}

impl BeginRegistration {
    pub(crate) fn read(
        request: &CreationRequest<'_>,
        caller: Option<&str>,
        user_verification: UserVerification,
        context: &RelyingPartyContext,
    ) -> Result<Self, Refusal> {
        check_rp_id(request.rp_id.as_deref(), &context.config)?;
        Ok(Self {
            subject: UserReference::new(caller, request.user_id.as_deref(), request.user_email.as_deref()),
            attachment: creation::attachment(request.attachment.as_deref())?,
            user_verification,
        })
    }

    /// Options that exclude the authenticators with a passkey of the user.
    pub(crate) fn serve(
        self,
        store: &Store,
        context: &RelyingPartyContext,
    ) -> Result<CredentialCreation<'static>, Refusal> {
        let user = self.subject.require(store.connection())?;
        let existing = Credential::of_user(store.connection(), &user.id, &context.config.rp_id)?;
        check_count(&existing)?;
        let pending = Pending::Registration(PendingRegistration {
            terms: new_terms(self.user_verification)?,
            user_id: user.id.clone(),
            is_caller: self.subject.caller.is_some(),
        });
        creation::options(&context.config, &user, &pending, &existing, self.attachment)
    }
}

/// `registration.finish`, with the members that are used.
#[derive(Debug)]
pub(crate) struct FinishRegistration {
    pending: PendingRegistration,
    subject: UserReference,
    created: NewCredential,
}

impl FinishRegistration {
    pub(crate) fn read(
        request: &AttestationResponse<'_>,
        ceremony: Option<&str>,
        caller: Option<&str>,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            pending: PendingRegistration::read(ceremony)?,
            subject: UserReference::new(caller, request.user_id.as_deref(), None),
            created: NewCredential::read(request)?,
        })
    }

    /// Verifies and stores the passkey.
    pub(crate) fn serve(
        &self,
        store: &mut Store,
        context: &RelyingPartyContext,
        now: i64,
    ) -> Result<Registered<'static>, Refusal> {
        if self.pending.is_caller && self.subject.caller.is_none() {
            return Err(forbidden("a user began the ceremony, and the finish has no caller"));
        }
        let user = User::by_id(store.connection(), &self.pending.user_id)?;
        let user = user.ok_or_else(|| Refusal::new(Fault::UnknownUser, "the user was deleted"))?;
        if !self.subject.fits(&user) {
            return Err(forbidden("the finish is another user's than the begin"));
        }
        let credential = self.created.verify(&self.pending.terms, &user, &context.config, now)?;
        let transaction = store.write()?;
        check_count(&Credential::of_user(&transaction, &user.id, &context.config.rp_id)?)?;
        credential.insert(&transaction)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(registered(user, credential))
    }
}

fn check_count(existing: &[Credential]) -> Result<(), Refusal> {
    if existing.len() < MAX_CREDENTIALS {
        return Ok(());
    }
    Err(Refusal::with_public_message(Fault::Conflict, "The user has the maximum number of passkeys."))
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
