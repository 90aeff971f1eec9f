//! Whose sign-in it was, as the directory of whoever learns from it names users.
//!
//! Without identity maps every side names users alike, and a name that the caller alone said is
//! nobody's. With one, a caller's name counts only as far as the map leads from it to the very user whom
//! the upstream signed in, or back; what the caller said beside that is nobody's either.

use std::sync::Arc;

use crate::ceremony::Subject;
use crate::identity::map::{Map, Unanswered};
use crate::identity::names::{NAMES, Namespace, name};
use crate::model::member::Member;

/// What is known of whoever signed in.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    /// As the caller was answered.
    pub(crate) said: Subject,
    /// As the upstream's own answer names them.
    pub(crate) answered: Subject,
    /// As the upstream was told.
    pub(crate) told: Subject,
}

/// The maps between the three sides.
#[derive(Clone, Debug)]
pub(crate) struct IdentityMaps {
    /// To the upstream that does the work.
    pub(crate) upstream: Option<Arc<Map>>,
    /// To the one that learns.
    pub(crate) learner: Option<Arc<Map>>,
}

impl IdentityMaps {
    /// Whether nothing has to be looked up.
    pub(crate) fn is_nothing(&self) -> bool {
        self.upstream.is_none() && self.learner.is_none()
    }

    /// Who signed in; `None` where that is nobody the directory could know.
    ///
    /// # Errors
    /// Where a map cannot say.
    pub(crate) async fn name(&self, signed_in: &SignedIn) -> Result<Option<Subject>, Unanswered> {
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
    /// The user, where all sides name users alike: as the caller was answered, as far as the upstream
    /// gave that name or was told it.
    pub(crate) fn alike(&self) -> Subject {
        let known = [&self.answered.id, &self.answered.email, &self.told.id, &self.told.email];
        let proven = |name: &str| known.into_iter().flatten().any(|one| **one == *name);
        Subject {
            // Where the answer names a user that nobody proved, it is nobody's sign-in, not one of that address.
            id: self.said.id.clone().map(|id| if proven(&id) { id } else { "".into() }),
            email: self.answered.email.clone().or_else(|| self.told.email.clone()),
        }
    }

    /// The user as the caller's side names them, as far as the map leads to them.
    async fn led_back(&self, map: &Map) -> Result<Option<Subject>, Unanswered> {
        let there = Subject {
            id: self.answered.id.clone().or_else(|| self.told.id.clone()),
            email: self.answered.email.clone().or_else(|| self.told.email.clone()),
        };
        if there.is_nobody() {
            return Ok(None);
        }
        let back = map.translate(Namespace::Upstream, &there).await?.unwrap_or_default();
        let mut proven = Subject::default();
        for member in NAMES {
            let Some(said) = name(&self.said, member).or(name(&back, member)) else { continue };
            let alone = one(member, said);
            let is_proven = alone.agrees(&back)
                || map.translate(Namespace::Caller, &alone).await?.is_some_and(|found| found.agrees(&there));
            if is_proven {
                proven = with(proven, alone);
            } else if member == Member::UserId {
                // As above: not one of that address.
                return Ok(None);
            }
        }
        Ok((!proven.is_nobody()).then_some(proven))
    }
}

/// Somebody of whom only one name is known.
fn one(member: Member, name: &str) -> Subject {
    match member {
        Member::UserId => Subject { id: Some(name.into()), email: None },
        _ => Subject { id: None, email: Some(name.into()) },
    }
}

fn with(subject: Subject, more: Subject) -> Subject {
    Subject { id: subject.id.or(more.id), email: subject.email.or(more.email) }
}
