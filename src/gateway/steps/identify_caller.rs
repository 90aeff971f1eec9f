//! The user who calls, as far as the caller's credentials prove it, and the user that the request names.
//!
//! A name belongs to one side. With an identity map, a token that the upstream issued names the upstream's user, and
//! no user of the caller's side.

use crate::caller_auth::{AuthenticatedCaller, VerifiedBy};
use crate::ceremony::{Ceremony, Subject};
use crate::gateway::context::Attempt;
use crate::gateway::upstream_client::UpstreamClient;
use crate::model::fault::Refusal;
use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::Value;

/// The caller of an attempt.
pub(crate) struct CallerIdentity<'a> {
    caller: &'a AuthenticatedCaller,
    /// The verified user, if the caller is one and the gateway can tell.
    pub(crate) user: Option<String>,
}

/// The user that a request names.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestedUser {
    /// As the caller's side names users.
    pub(crate) caller_side: Subject,
    /// The user of a token that the upstream issued.
    pub(crate) upstream_side: Option<Box<str>>,
}

/// Identifies the caller at a backend.
///
/// # Errors
/// `unauthenticated` if a token of the embedded relying party is not valid.
pub(crate) async fn identify_caller(attempt: Attempt<'_>) -> Result<CallerIdentity<'_>, Refusal> {
    let Attempt { runtime, context, backend, caller } = attempt;
    let (client, token) = (&runtime.clients[backend.upstream], context.request.record().value(Member::UserToken));
    let user = match (caller.verified_by, client, token) {
        (VerifiedBy::Upstream, UpstreamClient::Embedded(party, _), Some(Value::Text(token))) => {
            // Boxed to keep it out of every request future.
            Some(Box::pin(party.verify(&token)).await?.as_str().to_owned())
        }
        (VerifiedBy::Upstream, ..) => None,
        (VerifiedBy::Gateway, ..) => claim(caller, Member::UserId).map(str::to_owned),
    };
    Ok(CallerIdentity { caller, user })
}

impl CallerIdentity<'_> {
    /// The verified user, as the upstream names them. `upstream_user` is the user by the identity map, if there is one.
    pub(crate) fn user_at_upstream<'b>(&'b self, upstream_user: Option<&'b Subject>) -> Option<&'b str> {
        match upstream_user {
            Some(user) => self.user.as_ref().and(user.id.as_deref()),
            None => self.user.as_deref(),
        }
    }

    /// The user that a request names: by the caller's verified token, else by its members.
    pub(crate) fn requested_user(&self, record: &dyn Record<'_>, is_mapped: bool) -> RequestedUser {
        let named = Subject::named_in(record);
        let user: Option<Box<str>> = self.user.as_deref().map(Into::into);
        let (user, upstream_side) = match is_mapped && self.caller.verified_by == VerifiedBy::Upstream {
            true => (None, user),
            false => (user, None),
        };
        let claimed = |member| claim(self.caller, member).map(Into::into);
        let id = claimed(Member::UserId).or(user).or(named.id);
        let email = claimed(Member::UserEmail).or(named.email);
        RequestedUser { caller_side: Subject { id, email }, upstream_side }
    }
}

impl RequestedUser {
    /// The user that the caller named: at the begin, else now.
    pub(crate) fn or_begun<'n>(&'n self, ceremony: Option<&'n Ceremony>) -> &'n Subject {
        let begun = ceremony.map(|ceremony| &ceremony.requested).filter(|user| !user.is_nobody());
        begun.unwrap_or(&self.caller_side)
    }
}

fn claim(caller: &AuthenticatedCaller, member: Member) -> Option<&str> {
    caller.claims.iter().find_map(|(known, value)| match value {
        Value::Text(text) if *known == member => Some(text.as_ref()),
        _ => None,
    })
}
