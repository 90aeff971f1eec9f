//! Mapping the upstream's user back to the caller's, in the response.

use crate::ceremony::Subject;
use crate::gateway::context::Attempt;
use crate::gateway::steps::map_user::{unanswered, write_user};
use crate::identity::map::Map;
use crate::identity::names::{Namespace, name};
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::message::Response;
use crate::model::operation::{Direction, Operation};
use crate::routes::compatibility::availability::{USER, has};
use crate::routes::provider_side::ProviderSide;
use crate::routes::route::Route;

/// Replaces the upstream's names of the user in a response by the caller's. Returns the caller's names; `None` without
/// an identity map. `named` is the user that the caller named, `upstream_user` the same user at the upstream.
///
/// # Errors
/// `unknown_user` if the caller does not know the user who signed in, `assertion_rejected` if the two directions of the
/// map contradict each other, `identity_unavailable` if it cannot be queried.
pub(crate) async fn map_user_back(
    attempt: Attempt<'_>,
    named: &Subject,
    upstream_user: Option<&Subject>,
    response: &mut Response<'_>,
) -> Result<Option<Subject>, Refusal> {
    let (Some(map), Some(user)) = (&attempt.upstream().identity, upstream_user) else { return Ok(None) };
    // Boxed to keep it out of the future of a plain route.
    let names = Box::pin(caller_names(map, attempt.route(), named, user, response)).await?;
    write_user(response.record_mut(), &names);
    Ok(Some(names))
}

async fn caller_names(
    map: &Map,
    route: &Route,
    named: &Subject,
    upstream_user: &Subject,
    response: &Response<'_>,
) -> Result<Subject, Refusal> {
    let operation = response.operation();
    let mut names = named.clone();
    let is_discoverable = operation == Operation::LoginFinish && named.is_nobody();
    if !is_discoverable && !lacks_a_name(route, operation, &names) {
        return Ok(names);
    }
    let answered = Subject::named_in(response.record());
    let user = if answered.is_nobody() { upstream_user } else { &answered };
    if user.is_nobody() {
        return Ok(names);
    }
    match map.translate(Namespace::Upstream, user).await.map_err(|failure| unanswered(&failure))? {
        Some(found) if found.contradicts(named) => {
            let reason = "the two directions of the identity map contradict each other";
            Err(Refusal::new(Fault::AssertionRejected, reason))
        }
        Some(found) => {
            names.id = names.id.or(found.id);
            names.email = names.email.or(found.email);
            Ok(names)
        }
        None if is_discoverable && map.required_names(Namespace::Upstream).is_some() => {
            Err(Refusal::new(Fault::UnknownUser, "the identity map does not have the user who signed in"))
        }
        None => Ok(names),
    }
}

/// Whether the response or a token of the route's issuer has a place for a name that is missing.
fn lacks_a_name(route: &Route, operation: Operation, names: &Subject) -> bool {
    let side = ProviderSide::Provider(&route.dialect);
    let places = side.members_of(operation, Direction::Response, true).unwrap_or_default();
    let is_needed = |member| {
        has(&places, member)
            || (route.issuer.is_some() && member == Member::UserId)
            || route.fill.iter().any(|assignment| assignment.reference() == Some(member))
    };
    USER.into_iter().any(|member| name(names, member).is_none() && is_needed(member))
}
