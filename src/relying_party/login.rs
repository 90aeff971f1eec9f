//! Signing in.
//!
//! A begin that names nobody lists no credentials, so that any discoverable one may answer. A finish
//! counts when everything is verified and the counter could be raised in the same transaction that
//! keeps the new tokens.

use std::borrow::Cow;

use crate::canonical::assertion::{AssertionRequest, CredentialAssertion};
use crate::canonical::fault::{Fault, Refusal};
use crate::relying_party::Shared;
use crate::relying_party::ceremony::{check_rp_id, descriptor, new_terms};
use crate::relying_party::directory::Store;
use crate::relying_party::directory::credential::Credential;
use crate::relying_party::pending::{Named, Pending, PendingLogin};
use crate::relying_party::subject::Subject;

/// `login.begin`, as far as it matters here.
#[derive(Debug)]
pub(crate) struct BeginLogin {
    pub(crate) subject: Subject,
}

impl BeginLogin {
    pub(crate) fn read(request: &AssertionRequest<'_>, caller: Option<&str>, shared: &Shared) -> Result<Self, Refusal> {
        check_rp_id(request.rp_id.as_deref(), &shared.party)?;
        Ok(Self { subject: Subject::new(caller, request.user_id.as_deref(), request.user_email.as_deref()) })
    }

    /// Answers with a challenge that any discoverable credential may sign.
    pub(crate) fn discoverable(shared: &Shared) -> Result<CredentialAssertion<'static>, Refusal> {
        let pending = PendingLogin { terms: new_terms(&shared.party)?, named: None };
        options(shared, pending, &[])
    }

    /// Answers with a challenge for the user's credentials.
    pub(crate) fn serve(&self, store: &mut Store, shared: &Shared) -> Result<CredentialAssertion<'static>, Refusal> {
        let Some(user) = self.subject.find(store.connection())? else { return Self::discoverable(shared) };
        let mut credentials = Credential::of_user(store.connection(), &user.id)?;
        credentials.retain(|credential| credential.rp_id == shared.party.rp_id);
        let Some(last) = credentials.last() else {
            return Err(Refusal::new(Fault::UnknownUser, "the user has no passkey for this relying party"));
        };
        let named = Named { user_id: user.id, is_caller: self.subject.caller.is_some(), last_serial: last.serial };
        let pending = PendingLogin { terms: new_terms(&shared.party)?, named: Some(named) };
        options(shared, pending, &credentials)
    }
}

fn options(
    shared: &Shared,
    pending: PendingLogin,
    allowed: &[Credential],
) -> Result<CredentialAssertion<'static>, Refusal> {
    let party = &shared.party;
    Ok(CredentialAssertion {
        challenge: Some(pending.terms.challenge.0.clone().into()),
        timeout: Some(party.timeout_ms),
        rp_id: Some(party.rp_id.clone().into()),
        user_verification: Some(pending.terms.user_verification.name().into()),
        user_id: pending.named.as_ref().map(|named| Cow::Owned(named.user_id.clone())),
        allow_credentials: allowed.iter().map(descriptor).collect(),
        session: Some(Pending::Login(pending).text()?.into()),
        ..CredentialAssertion::default()
    })
}
