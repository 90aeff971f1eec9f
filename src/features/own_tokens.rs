//! Tokens of the gateway's own issuer, where the route says so: made at a sign-in, and renewed.

use crate::gateway::pipeline::Gateway;
use crate::gateway::steps::build_upstream_request;
use crate::gateway::steps::call_upstream::Worker;
use crate::model::assertion::SignIn;
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::message::{Request, Response};
use crate::model::session::RefreshRequest;
use crate::model::value::Value;
use crate::relying_party::RelyingParty;
use crate::relying_party::external_sign_in::ExternalSignIn;
use crate::routes::Route;

impl Gateway {
    /// Replaces the tokens of a sign-in by those of the way's own issuer, where it has one.
    ///
    /// # Errors
    /// See [`replace_tokens`].
    pub(crate) async fn replace_tokens(
        &self,
        way: &Route,
        request: &Request<'_>,
        response: &mut Response<'_>,
    ) -> Result<(), Refusal> {
        match (way.issuer, response) {
            (Some(issuer), Response::LoginFinish(sign_in) | Response::SignupFinish(sign_in)) => {
                // In a box, so that other answers do not carry the room for it about.
                Box::pin(replace_tokens(&self.workers[issuer], request, sign_in)).await
            }
            _ => Ok(()),
        }
    }
}

/// Replaces the upstream's tokens by those of an embedded relying party, for the user as the caller
/// knows them.
///
/// # Errors
/// `upstream_invalid` where nobody says who signed in.
async fn replace_tokens(issuer: &Worker, request: &Request<'_>, sign_in: &mut SignIn<'_>) -> Result<(), Refusal> {
    let party = party(issuer)?;
    let Some(user_id) = sign_in.user_id.as_deref() else {
        return Err(Refusal::new(Fault::UpstreamInvalid, "the answer names no user to issue tokens for"));
    };
    let asked = |member| build_upstream_request::text(request.record(), member).map(String::from);
    let vouched = ExternalSignIn {
        user_id: user_id.to_owned(),
        email: sign_in.user_email.as_deref().map(str::to_owned),
        name: sign_in.user_name.as_deref().map(str::to_owned),
        client_id: asked(Member::ClientId),
        scope: asked(Member::Scope),
        audience: asked(Member::Audience),
        session_lifetime: match request.record().value(Member::SessionLifetime) {
            Some(Value::Number(seconds)) => Some(seconds),
            _ => None,
        },
    };
    let issued = party.issue_for(vouched).await?;
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

/// New tokens for a refresh token that the issuer made: the upstream knows nothing of it, and is not asked.
///
/// # Errors
/// `assertion_rejected` where the token is not good; `overloaded`.
pub(crate) async fn refresh(issuer: &Worker, request: &RefreshRequest<'_>) -> Result<SignIn<'static>, Refusal> {
    let Some(token) = request.tokens_refresh.as_deref() else {
        return Err(Refusal::with_public_message(Fault::InvalidRequest, "The refresh token is missing."));
    };
    party(issuer)?.refresh(token, request.client_id.as_deref(), request.scope.as_deref()).await
}

fn party(issuer: &Worker) -> Result<&RelyingParty, Refusal> {
    match issuer {
        Worker::Embedded(party, _) => Ok(party),
        Worker::Http(_) => Err(Refusal::new(Fault::Internal, "the issuer is no embedded relying party")),
    }
}
