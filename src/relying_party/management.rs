//! Listing and deleting passkeys.
//!
//! Users list and delete their own. Another user's passkey is `not_found`, like one that never existed. An application
//! that calls for itself and names no user may delete any.

use std::borrow::Cow;

use crate::model::credentials::{CredentialList, CredentialSummary, Deletion, DeletionRequest, ListRequest};
use crate::model::fault::{Fault, Refusal};
use crate::relying_party::context::RelyingPartyContext;
use crate::relying_party::directory::Store;
use crate::relying_party::directory::credential::Credential;
use crate::relying_party::directory::observed::ObservedCredential;
use crate::relying_party::subject::UserReference;
use crate::storage::error::StoreError;

/// `credentials.list`, with the members that are used.
#[derive(Debug)]
pub(crate) struct ListCredentials {
    subject: UserReference,
}

impl ListCredentials {
    pub(crate) fn read(request: &ListRequest<'_>, caller: Option<&str>) -> Self {
        Self { subject: UserReference::new(caller, request.user_id.as_deref(), None) }
    }

    /// The passkeys of this relying party.
    pub(crate) fn serve(
        &self,
        store: &Store,
        context: &RelyingPartyContext,
    ) -> Result<CredentialList<'static>, Refusal> {
        let user = self.subject.require(store.connection())?;
        let credentials = Credential::of_user(store.connection(), &user.id, &context.config.rp_id)?;
        Ok(CredentialList { credentials: credentials.into_iter().map(summary).collect() })
    }
}

fn summary(credential: Credential) -> CredentialSummary<'static> {
    CredentialSummary {
        id: Some(credential.id.into()),
        handle: Some(credential.handle.into()),
        name: credential.name.map(Cow::Owned),
        transports: credential.transports.into_iter().map(Cow::Owned).collect(),
        created_at: Some(credential.created_at),
        last_used_at: credential.last_used_at,
    }
}

/// `credentials.delete`, with the members that are used.
#[derive(Debug)]
pub(crate) struct DeleteCredential {
    subject: UserReference,
    id: Option<Vec<u8>>,
    handle: Option<String>,
}

impl DeleteCredential {
    pub(crate) fn read(request: &DeletionRequest<'_>, caller: Option<&str>) -> Self {
        Self {
            subject: UserReference::new(caller, request.user_id.as_deref(), request.user_email.as_deref()),
            id: request.credential_id.as_deref().map(<[u8]>::to_vec),
            handle: request.credential_handle.as_deref().map(str::to_owned),
        }
    }

    /// Deletes the passkey.
    pub(crate) fn serve(&self, store: &mut Store) -> Result<Deletion<'static>, Refusal> {
        let transaction = store.write()?;
        let owner = self.subject.find(&transaction)?;
        let credential = match (&self.id, &self.handle) {
            (Some(id), _) => Credential::by_id(&transaction, id)?,
            (None, Some(handle)) => Credential::by_handle(&transaction, handle)?,
            (None, None) => {
                return Err(Refusal::with_public_message(Fault::InvalidRequest, "The request names no passkey."));
            }
        };
        let is_meant = |credential: &Credential| {
            owner.as_ref().is_none_or(|owner| owner.id == credential.user_id)
                && self.handle.as_ref().is_none_or(|handle| *handle == credential.handle)
        };
        let credential = credential.filter(is_meant);
        let credential = credential.ok_or_else(|| Refusal::new(Fault::NotFound, "the user has no such passkey"))?;
        Credential::delete(&transaction, &credential.id)?;
        ObservedCredential::forget(&transaction, &credential.id)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(Deletion { user_id: Some(credential.user_id.into()) })
    }
}
