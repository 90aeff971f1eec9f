//! Who is behind a request: what proved it, and whom it names.
//!
//! A name is always one side's. Where an identity map tells the sides apart, a token that the upstream
//! made itself names its user, and nobody of the caller's.

use crate::caller_auth::{Admission, Judge};
use crate::ceremony::Subject;
use crate::gateway::pipeline::Gateway;
use crate::gateway::steps::build_upstream_request;
use crate::gateway::steps::call_upstream::Worker;
use crate::gateway::steps::map_user::Named;
use crate::model::fault::Refusal;
use crate::model::member::Member;
use crate::model::message::Request;
use crate::model::record::Record;
use crate::model::value::Value;
use crate::routes::Route;

/// Who is behind a request.
pub(crate) struct CallerIdentity<'a> {
    pub(crate) admission: &'a Admission,
    /// The verified user, where it is one and we can know.
    pub(crate) user: Option<String>,
}

impl Gateway {
    /// Who is behind a request that was let in.
    ///
    /// # Errors
    /// Where a token of the embedded relying party is none of its own.
    pub(crate) async fn behind<'b>(
        &self,
        way: &Route,
        request: &Request<'_>,
        admission: &'b Admission,
    ) -> Result<CallerIdentity<'b>, Refusal> {
        let user = match (admission.judge, &self.workers[way.upstream], request.record().value(Member::UserToken)) {
            (Judge::Upstream, Worker::Embedded(party, _), Some(Value::Text(token))) => {
                // In a box, so that nobody else carries the room for it about.
                Some(Box::pin(party.verify(&token)).await?.as_str().to_owned())
            }
            (Judge::Upstream, ..) => None,
            (Judge::Gateway, ..) => admission.claims.iter().find_map(|(member, value)| match (member, value) {
                (Member::UserId, Value::Text(id)) => Some(id.as_ref().to_owned()),
                _ => None,
            }),
        };
        Ok(CallerIdentity { admission, user })
    }
}

impl CallerIdentity<'_> {
    /// The verified user who calls, as the upstream names them: `known`, where a map says who that is.
    pub(crate) fn user_at_upstream<'b>(&'b self, known: Option<&'b Subject>) -> Option<&'b str> {
        match known {
            Some(known) => self.user.as_ref().and(known.id.as_deref()),
            None => self.user.as_deref(),
        }
    }

    /// Whom a request names: by the caller's verified token, else by what it says. Where a map tells
    /// the two sides' names apart, the upstream's own token names nobody on the caller's side.
    pub(crate) fn names(&self, record: &dyn Record<'_>, is_mapped: bool) -> Named {
        let claimed = |member| {
            self.admission.claims.iter().find_map(|(known, value)| match value {
                Value::Text(text) if *known == member => Some(text.as_ref().into()),
                _ => None,
            })
        };
        let said = build_upstream_request::subject(record);
        let user: Option<Box<str>> = self.user.as_deref().map(Into::into);
        let (user, vouched) = match is_mapped && self.admission.judge == Judge::Upstream {
            true => (None, user),
            false => (user, None),
        };
        let id = claimed(Member::UserId).or(user).or(said.id);
        Named { asked: Subject { id, email: claimed(Member::UserEmail).or(said.email) }, vouched }
    }
}
