//! Mapping the caller's user to the upstream's, by the identity map of the upstream.
//!
//! A user missing from the map is unknown. If the map cannot be queried, the request fails; the gateway never guesses.
//! Without a map both sides name users alike.

use uuid::Uuid;

use crate::ceremony::{Ceremony, Subject};
use crate::gateway::context::Attempt;
use crate::gateway::steps::identify_caller::RequestedUser;
use crate::identity::map::{Map, MapUnavailable};
use crate::identity::map_settings::Outage;
use crate::identity::names::{Namespace, name};
use crate::model::fault::{Fault, Refusal};
use crate::model::member::Member;
use crate::model::operation::{Direction, Operation};
use crate::model::record::{Record, put};
use crate::model::value::Value;
use crate::provider::template::placeholder::Need;
use crate::routes::compatibility::availability::USER;

/// Why the upstream's user is not known.
enum NoUser {
    /// There is none, for this reason.
    Unknown(&'static str),
    /// The map cannot be queried.
    MapUnavailable(MapUnavailable),
}

/// The user of a request, as the upstream names them. `None` without an identity map.
///
/// On a route that hides which users exist, an unknown user becomes a random one at the begin of a login, so that the
/// upstream is called all the same.
///
/// # Errors
/// `unknown_user` if the map has no such user, or no name of it that the upstream requires; `identity_unavailable` if
/// it cannot be queried.
pub(crate) async fn map_user(
    attempt: Attempt<'_>,
    user: &RequestedUser,
    ceremony: Option<&Ceremony>,
) -> Result<Option<Subject>, Refusal> {
    let Some(map) = &attempt.upstream().identity else { return Ok(None) };
    let may_be_decoy = attempt.context.may_answer_with_decoy && attempt.backend.decoys.is_some();
    let hides_user = attempt.operation() == Operation::LoginBegin && may_be_decoy;
    // Boxed to keep it out of the future of a plain route.
    match Box::pin(upstream_user(attempt, map, user, ceremony)).await {
        Ok(user) => Ok(Some(user)),
        Err(NoUser::Unknown(_)) if hides_user => Ok(Some(map.fictitious_user(&Uuid::new_v4().to_string()))),
        Err(NoUser::Unknown(reason)) => Err(Refusal::new(Fault::UnknownUser, reason)),
        Err(NoUser::MapUnavailable(failure)) => Err(unanswered(&failure)),
    }
}

async fn upstream_user(
    attempt: Attempt<'_>,
    map: &Map,
    user: &RequestedUser,
    ceremony: Option<&Ceremony>,
) -> Result<Subject, NoUser> {
    if let Some(ceremony) = ceremony.filter(|ceremony| !ceremony.expected.is_nobody()) {
        return Ok(ceremony.expected.clone());
    }
    if let Some(id) = &user.upstream_side {
        return Ok(Subject { id: Some(id.clone()), email: None });
    }
    if user.caller_side.is_nobody() {
        return Ok(Subject::default());
    }
    let found = map.translate(Namespace::Caller, &user.caller_side).await.map_err(NoUser::MapUnavailable)?;
    let Some(user) = found else { return Err(NoUser::Unknown("the identity map has no such user")) };
    let side = attempt.upstream().side();
    let needed = side.members_of(attempt.operation(), Direction::Request, true).unwrap_or_default();
    let lacks = |member: &Member| needed.contains(&(*member, Need::Required)) && name(&user, *member).is_none();
    if USER.iter().any(lacks) {
        return Err(NoUser::Unknown("the identity map has no name of the user that the upstream requires"));
    }
    Ok(user)
}

/// Writes the names of a user into a record, and removes those that the user does not have.
pub(crate) fn write_user(record: &mut dyn Record<'_>, user: &Subject) {
    for member in USER {
        put(record, member, name(user, member).map(|text| Value::Text(text.to_owned().into())));
    }
}

/// The refusal of a request whose map cannot be queried.
pub(super) fn unanswered(failure: &MapUnavailable) -> Refusal {
    let fault = match failure.outage {
        Outage::Refuse => Fault::IdentityUnavailable,
        Outage::UnknownUser => Fault::UnknownUser,
    };
    Refusal::new(fault, failure.to_string())
}
