//! The request of `session.refresh` (RFC 6749 section 6). The response is that of a sign-in.

use crate::model::record::record;

record! {
    /// The request of `session.refresh`.
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
