//! Exchanges a refresh token for new tokens (RFC 6749 section 6).
//!
//! The token is used up and replaced in one transaction. A token bound to a client is accepted from that client only.

use crate::model::assertion::SignIn;
use crate::model::fault::Refusal;
use crate::relying_party::context::RelyingPartyContext;
use crate::relying_party::directory::Store;
use crate::relying_party::directory::user::User;
use crate::relying_party::tokens::issue::{IssueContext, Issued};
use crate::relying_party::tokens::opaque::{RefreshGrant, RefreshTokenUse, use_refresh_token};
use crate::storage::error::StoreError;

/// A refresh request. Not `Debug`: it has a secret.
pub(crate) struct RefreshRequest {
    pub(crate) token: String,
    pub(crate) client_id: Option<String>,
    pub(crate) scope: Option<String>,
}

/// Issues new tokens.
pub(crate) fn refresh(
    store: &mut Store,
    context: &RelyingPartyContext,
    request: &RefreshRequest,
    now: i64,
) -> Result<SignIn<'static>, Refusal> {
    let ring = context.keys.refreshed(store.connection())?;
    let transaction = store.write()?;
    let RefreshGrant { user_id, authentication } = match use_refresh_token(&transaction, &request.token, now)? {
        RefreshTokenUse::Valid(refreshable) => refreshable,
        RefreshTokenUse::Reused => {
            transaction.commit().map_err(StoreError::from)?;
            return Err(Refusal::of_token("the refresh token was used before: all tokens of its sign-in are revoked"));
        }
        RefreshTokenUse::Unknown => return Err(Refusal::of_token("the refresh token is unknown or has expired")),
    };
    if authentication.grant.client_id.is_some() && authentication.grant.client_id != request.client_id {
        return Err(Refusal::of_token("the refresh token belongs to another client"));
    }
    let user = User::by_id(&transaction, &user_id)?;
    let user = user.ok_or_else(|| Refusal::of_token("the refresh token's user was deleted"))?;
    let grant = authentication.grant.clone().narrowed(request.scope.as_deref());
    let issue = IssueContext { user: &user, authentication: &authentication, grant: &grant, now };
    let issued = Issued::at_refresh(issue, &context.config, &ring)?;
    issued.store(&transaction, now)?;
    transaction.commit().map_err(StoreError::from)?;
    Ok(issued.into_sign_in(user, None))
}
