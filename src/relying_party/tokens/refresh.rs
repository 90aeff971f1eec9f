//! New tokens for a refresh token (RFC 6749 section 6).
//!
//! The token is used up and replaced in one transaction. A token that was bound to a client is taken
//! from that client only.

use crate::model::assertion::SignIn;
use crate::model::fault::Refusal;
use crate::relying_party::Shared;
use crate::relying_party::directory::Store;
use crate::relying_party::directory::user::User;
use crate::relying_party::tokens::issue::{Issued, Occasion};
use crate::relying_party::tokens::opaque::{Refreshable, Shown, show_refresh};
use crate::storage::error::StoreError;

/// A refresh token with what else the client sent. Purposefully not `Debug`: it is a secret.
pub(crate) struct RefreshRequest {
    pub(crate) token: String,
    pub(crate) client_id: Option<String>,
    pub(crate) scope: Option<String>,
}

/// Answers with new tokens.
pub(crate) fn refresh(
    store: &mut Store,
    shared: &Shared,
    request: &RefreshRequest,
    now: i64,
) -> Result<SignIn<'static>, Refusal> {
    let ring = shared.keys.refreshed(store.connection())?;
    let transaction = store.write()?;
    let Refreshable { user_id, authentication } = match show_refresh(&transaction, &request.token, now)? {
        Shown::Good(refreshable) => refreshable,
        Shown::DuplicateName => {
            transaction.commit().map_err(StoreError::from)?;
            return Err(Refusal::of_token("the refresh token was used before: its sign-in is ended"));
        }
        Shown::Unknown => return Err(Refusal::of_token("the refresh token is unknown or too old")),
    };
    if authentication.grant.client_id.is_some() && authentication.grant.client_id != request.client_id {
        return Err(Refusal::of_token("the refresh token is another client's"));
    }
    let user = User::by_id(&transaction, &user_id)?;
    let user = user.ok_or_else(|| Refusal::of_token("the refresh token's user is gone"))?;
    let grant = authentication.grant.clone().narrowed(request.scope.as_deref());
    let occasion = Occasion { user: &user, authentication: &authentication, grant: &grant, now };
    let issued = Issued::at_refresh(occasion, &shared.party, &ring)?;
    issued.keep(&transaction, now)?;
    transaction.commit().map_err(StoreError::from)?;
    Ok(issued.into_sign_in(user, None))
}
