//! The user of a sign-in, as the learning relying party's directory names users.
//!
//! Without identity maps all sides use the same names, and a name that only the caller gave proves nothing. With a
//! map, a caller's name counts only if the map leads from it to the user who signed in at the upstream, or back.

use std::sync::Arc;

use crate::ceremony::Subject;
use crate::identity::map::{Map, MapUnavailable};
use crate::identity::names::{NAMES, Namespace, name};
use crate::model::member::Member;

/// The names of the user who signed in.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    /// In the response to the caller.
    pub(crate) returned: Subject,
    /// In the upstream's own answer.
    pub(crate) answered: Subject,
    /// In the request to the upstream.
    pub(crate) sent: Subject,
}

/// The identity maps of the upstream and of the relying party that learns.
#[derive(Clone, Debug)]
pub(crate) struct IdentityMaps {
    /// Of the upstream.
    pub(crate) upstream: Option<Arc<Map>>,
    /// Of the relying party that learns.
    pub(crate) learner: Option<Arc<Map>>,
}

impl IdentityMaps {
    /// Whether there is no map.
    pub(crate) fn is_empty(&self) -> bool {
        self.upstream.is_none() && self.learner.is_none()
    }

    /// The user, as the directory names them. `None` if the directory cannot know them.
    ///
    /// # Errors
    /// When a map cannot be queried.
    pub(crate) async fn name(&self, signed_in: &SignedIn) -> Result<Option<Subject>, MapUnavailable> {
        let here = match &self.upstream {
            None => Some(signed_in.alike()),
            Some(map) => signed_in.led_back(map).await?,
        };
        match (here, &self.learner) {
            (Some(here), Some(map)) => map.translate(Namespace::Caller, &here).await,
            (here, _) => Ok(here),
        }
    }
}

impl SignedIn {
    /// The user if all sides use the same names: the names in the response that the upstream gave or was sent.
    pub(crate) fn alike(&self) -> Subject {
        let known = [&self.answered.id, &self.answered.email, &self.sent.id, &self.sent.email];
        let proven = |name: &str| known.into_iter().flatten().any(|one| **one == *name);
        Subject {
            // With an unproved id the sign-in has no user: the address alone must not count.
            id: self.returned.id.clone().map(|id| if proven(&id) { id } else { "".into() }),
            email: self.answered.email.clone().or_else(|| self.sent.email.clone()),
        }
    }

    /// The user as the caller's side names them, as far as the map proves it.
    async fn led_back(&self, map: &Map) -> Result<Option<Subject>, MapUnavailable> {
        let there = Subject {
            id: self.answered.id.clone().or_else(|| self.sent.id.clone()),
            email: self.answered.email.clone().or_else(|| self.sent.email.clone()),
        };
        if there.is_nobody() {
            return Ok(None);
        }
        let back = map.translate(Namespace::Upstream, &there).await?.unwrap_or_default();
        let mut proven = Subject::default();
        for member in NAMES {
            let Some(returned) = name(&self.returned, member).or(name(&back, member)) else { continue };
            let alone = one(member, returned);
            let is_proven = alone.agrees(&back)
                || map.translate(Namespace::Caller, &alone).await?.is_some_and(|found| found.agrees(&there));
            if is_proven {
                proven = with(proven, alone);
            } else if member == Member::UserId {
                // As above.
                return Ok(None);
            }
        }
        Ok((!proven.is_nobody()).then_some(proven))
    }
}

/// A user with one name.
fn one(member: Member, name: &str) -> Subject {
    match member {
        Member::UserId => Subject { id: Some(name.into()), email: None },
        _ => Subject { id: None, email: Some(name.into()) },
    }
}

fn with(subject: Subject, more: Subject) -> Subject {
    Subject { id: subject.id.or(more.id), email: subject.email.or(more.email) }
}
