//! Tokens for a user who signed in at another upstream, for routes with an issuer of their own.
//!
//! Issuer and upstream share user ids. The directory keeps such a user under the same id, without a passkey, so that
//! the tokens can be refreshed. An address that another user has is not stored.

use crate::model::assertion::SignIn;
use crate::model::fault::{Fault, Refusal};
use crate::relying_party::context::RelyingPartyContext;
use crate::relying_party::directory::Store;
use crate::relying_party::directory::user::{MAX_HANDLE, Profile, User};
use crate::relying_party::random;
use crate::relying_party::tokens::authentication::Authentication;
use crate::relying_party::tokens::grant::Grant;
use crate::relying_party::tokens::issue::{IssueContext, Issued};
use crate::storage::error::StoreError;

/// In bytes.
const MAX_ID: usize = 255;

/// A sign-in that another upstream verified.
#[derive(Clone, Debug, Default)]
pub struct ExternalSignIn {
    /// The user's id, as the caller knows it.
    pub user_id: String,
    /// The user's address.
    pub email: Option<String>,
    /// The user's name.
    pub name: Option<String>,
    /// The client.
    pub client_id: Option<String>,
    /// The scopes that the client requests.
    pub scope: Option<String>,
    /// The audience that the client requests.
    pub audience: Option<String>,
    /// The session's lifetime, in seconds.
    pub session_lifetime: Option<i64>,
}

impl ExternalSignIn {
    /// # Errors
    /// `upstream_invalid` for an empty or overlong user id.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        match self.user_id.len() {
            1..=MAX_ID => Ok(()),
            _ => Err(Refusal::new(Fault::UpstreamInvalid, "the user's id is empty or too long")),
        }
    }

    /// Issues the tokens, for a user who is added when missing.
    pub(super) fn issue(
        self,
        store: &mut Store,
        context: &RelyingPartyContext,
        now: i64,
    ) -> Result<SignIn<'static>, Refusal> {
        let Self { client_id, scope, audience, .. } = &self;
        let grant = Grant::of(&context.config, client_id.as_deref(), scope.as_deref(), audience.as_deref())?;
        let ring = context.keys.refreshed(store.connection())?;
        let transaction = store.write()?;
        let user = match User::by_id(&transaction, &self.user_id)? {
            Some(user) => user,
            None => {
                let taken = match &self.email {
                    Some(email) => User::by_email(&transaction, email)?.is_some(),
                    None => false,
                };
                let user = User {
                    id: self.user_id,
                    handle: random::bytes::<MAX_HANDLE>()?.into(),
                    email: self.email.filter(|_| !taken),
                    name: self.name,
                    display_name: None,
                    profile: Profile::default(),
                    created_at: now,
                };
                user.insert(&transaction)?;
                user
            }
        };
        let authentication = Authentication::new(grant, self.session_lifetime, now)?;
        let issue = IssueContext { user: &user, authentication: &authentication, grant: &authentication.grant, now };
        let issued = Issued::at_sign_in(issue, &context.config, &ring)?;
        issued.store(&transaction, now)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(issued.into_sign_in(user, None))
    }
}
