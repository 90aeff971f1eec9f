//! Staying signed in: new tokens for the refresh token of an earlier sign-in (RFC 6749 section 6).
//!
//! It is answered like the sign-in itself. It begins nothing and finishes nothing.

use super::record::record;

record! {
    /// The request of `session.refresh`: the tokens of before, and on whose behalf.
    RefreshRequest, members REFRESH_REQUEST {
        tokens_refresh: text = TokensRefresh,
        tokens_access: text = TokensAccess,
        scope: text = Scope,
        client_id: text = ClientId,
        client_secret: text = ClientSecret,
        client_key: text = ClientKey,
        client_user_agent: text = ClientUserAgent,
        client_address: text = ClientAddress,
        user_token: text = UserToken,
    }
}
