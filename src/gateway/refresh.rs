//! Refreshing the tokens of the gateway's own issuer. The upstream does not know them and is not called.

use crate::features::own_tokens;
use crate::gateway::context::Attempt;
use crate::gateway::steps::build_response::build_response;
use crate::model::fault::Refusal;
use crate::model::message::{Request, Response};

/// Refreshes the tokens of a route's own issuer. `None` if the request is not that, or the route has none.
///
/// # Errors
/// `assertion_rejected` if the refresh token is not valid, `overloaded`.
pub(crate) async fn refresh_locally(attempt: Attempt<'_>) -> Result<Option<Response<'_>>, Refusal> {
    let (Some(issuer), Request::SessionRefresh(request)) = (attempt.route().issuer, &attempt.context.request) else {
        return Ok(None);
    };
    let refreshed = Box::pin(own_tokens::refresh(attempt.runtime.issuer(issuer)?, request)).await?;
    let mut response = Response::SessionRefresh(Box::new(refreshed));
    build_response(attempt, None, None, &mut response);
    Ok(Some(response))
}
