//! Tokens for a user whom another upstream has signed in, where a route wants tokens of our own.
//!
//! Who the user is was decided elsewhere: the issuer's users and the upstream's are one, and the same
//! id is the same user. The directory keeps such a user under the same id, without
//! a passkey, so that the tokens can be refreshed; an address that is somebody else's is not taken.

use crate::model::assertion::SignIn;
use crate::model::fault::{Fault, Refusal};
use crate::relying_party::clock::now;
use crate::relying_party::directory::Store;
use crate::relying_party::directory::user::{MAX_HANDLE, Profile, User};
use crate::relying_party::tokens::authentication::Authentication;
use crate::relying_party::tokens::grant::Grant;
use crate::relying_party::tokens::issue::{Issued, Occasion};
use crate::relying_party::{RelyingParty, Shared, random};
use crate::storage::error::StoreError;

/// A user's id is not longer than this, in bytes.
const MAX_ID: usize = 255;

/// A sign-in that somebody else vouches for.
#[derive(Clone, Debug, Default)]
pub struct ExternalSignIn {
    /// The user, as the caller knows them.
    pub user_id: String,
    /// The user's address.
    pub email: Option<String>,
    /// The user's name.
    pub name: Option<String>,
    /// For which client.
    pub client_id: Option<String>,
    /// What the client asks the tokens to be good for.
    pub scope: Option<String>,
    /// For which API.
    pub audience: Option<String>,
    /// How long the session shall last, in seconds.
    pub session_lifetime: Option<i64>,
}

impl RelyingParty {
    /// Makes the tokens of such a sign-in.
    ///
    /// # Errors
    /// `invalid_request` for an audience that is not listed; `overloaded`.
    pub async fn vouch(&self, vouched: ExternalSignIn) -> Result<SignIn<'static>, Refusal> {
        if vouched.user_id.is_empty() || vouched.user_id.len() > MAX_ID {
            return Err(Refusal::new(Fault::UpstreamInvalid, "the user's id is empty or too long"));
        }
        self.work(move |store, shared| vouched.serve(store, shared, now())).await
    }
}

impl ExternalSignIn {
    fn serve(self, store: &mut Store, shared: &Shared, now: i64) -> Result<SignIn<'static>, Refusal> {
        let Self { client_id, scope, audience, .. } = &self;
        let grant = Grant::of(&shared.party, client_id.as_deref(), scope.as_deref(), audience.as_deref())?;
        let ring = shared.keys.refreshed(store.connection())?;
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
        let occasion = Occasion { user: &user, authentication: &authentication, grant: &authentication.grant, now };
        let issued = Issued::at_sign_in(occasion, &shared.party, &ring)?;
        issued.keep(&transaction, now)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(issued.into_sign_in(user, None))
    }
}
