//! Tokens of the gateway's own issuer, for routes that name one: issued at a sign-in, and refreshed.

use crate::model::assertion::SignIn;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::message::Request;
use crate::model::record::text;
use crate::model::session::RefreshRequest;
use crate::model::value::Value;
use crate::relying_party::RelyingParty;
use crate::relying_party::external_sign_in::ExternalSignIn;

/// Replaces the upstream's tokens by those of an embedded relying party, for the user that the caller is answered with.
///
/// # Errors
/// `upstream_invalid` if the response names no user.
pub(crate) async fn replace_tokens(
    issuer: &RelyingParty,
    request: &Request<'_>,
    sign_in: &mut SignIn<'_>,
) -> Result<(), Refusal> {
    let Some(user_id) = sign_in.user_id.as_deref() else {
        return Err(Refusal::new(Fault::UpstreamInvalid, "the answer names no user to issue tokens for"));
    };
    let requested = |member| text(request.record(), member).map(String::from);
    let external = ExternalSignIn {
        user_id: user_id.to_owned(),
        email: sign_in.user_email.as_deref().map(str::to_owned),
        name: sign_in.user_name.as_deref().map(str::to_owned),
        client_id: requested(Member::ClientId),
        scope: requested(Member::Scope),
        audience: requested(Member::Audience),
        session_lifetime: match request.record().value(Member::SessionLifetime) {
            Some(Value::Number(seconds)) => Some(seconds),
            _ => None,
        },
    };
    let issued = issuer.issue_for(external).await?;
    sign_in.tokens_access = issued.tokens_access;
    sign_in.tokens_refresh = issued.tokens_refresh;
    sign_in.tokens_id = issued.tokens_id;
    sign_in.tokens_session = issued.tokens_session;
    sign_in.tokens_session_details = None;
    sign_in.tokens_type = issued.tokens_type;
    sign_in.tokens_scope = issued.tokens_scope;
    sign_in.tokens_expires_in = issued.tokens_expires_in;
    sign_in.tokens_refresh_expires_in = issued.tokens_refresh_expires_in;
    Ok(())
}

/// New tokens for a refresh token of the issuer. The upstream does not know it and is not called.
///
/// # Errors
/// `assertion_rejected` if the token is not valid, `overloaded`.
pub(crate) async fn refresh(issuer: &RelyingParty, request: &RefreshRequest<'_>) -> Result<SignIn<'static>, Refusal> {
    let Some(token) = request.tokens_refresh.as_deref() else {
        return Err(Refusal::with_public_message(Fault::InvalidRequest, "The refresh token is missing."));
    };
    issuer.refresh(token, request.client_id.as_deref(), request.scope.as_deref()).await
}
