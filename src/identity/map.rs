//! A map that was checked and can be asked, by all workers alike.
//!
//! Answers of a database or a service are kept for a while. Where an unknown user is named alike on
//! both sides, the map is asked the other way too, so that nobody gets a name that is another's.

use std::sync::Arc;

use tokio::time::Instant;

use crate::ceremony::Subject;
use crate::identity::cache::Cache;
use crate::identity::http::{Lookup, Service};
use crate::identity::names::{Asks, Columns, MAX_NAME, Namespace};
use crate::identity::postgres::{Postgres, Wanted};
use crate::identity::settings::{Missing, Outage};
use crate::identity::sqlite::{Prepared, Sqlite};
use crate::identity::table::Table;
use crate::model::member::Member;

/// An identity map.
#[derive(Debug)]
pub struct Map {
    pub(super) name: Arc<str>,
    pub(super) caller: Columns,
    pub(super) upstream: Columns,
    pub(super) missing: Missing,
    pub(super) outage: Outage,
    pub(super) source: Source,
}

/// Where the answers come from.
#[derive(Debug)]
pub(super) enum Source {
    File(Arc<Table>),
    Sqlite(Box<Both<Sqlite, Arc<Prepared>>>),
    Postgres(Box<Both<Postgres, Arc<Wanted>>>),
    Http(Box<Both<Service, Lookup>>),
}

/// A database or a service, and what it is asked each way.
#[derive(Debug)]
pub(super) struct Both<S, Q> {
    pub(super) source: S,
    pub(super) forward: Direction<Q>,
    pub(super) back: Option<Direction<Q>>,
}

/// One direction of a database or a service.
#[derive(Debug)]
pub(super) struct Direction<Q> {
    pub(super) query: Q,
    pub(super) asks: Asks,
    pub(super) cache: Cache,
}

/// A map that cannot say. The reason is for the log, and names nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the identity map `{map}` cannot be asked: {reason}")]
pub struct Unanswered {
    map: Arc<str>,
    reason: String,
    /// What the caller is told meanwhile.
    pub outage: Outage,
}

impl Map {
    /// Its name in the config.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names it gives of one side's users.
    pub fn gives(&self, party: Namespace) -> Vec<Member> {
        self.columns(party).members()
    }

    /// The names of one side's users it must be asked with; `None` where it cannot be asked that way.
    pub fn takes(&self, party: Namespace) -> Option<Asks> {
        match &self.source {
            Source::File(_) => Some(Asks::AnyOf(self.gives(party))),
            Source::Sqlite(both) => both.direction(party).map(|direction| direction.asks.clone()),
            Source::Postgres(both) => both.direction(party).map(|direction| direction.asks.clone()),
            Source::Http(both) => both.direction(party).map(|direction| direction.asks.clone()),
        }
    }

    /// Whether a user it does not know may be named alike on both sides.
    pub fn knows_strangers(&self) -> bool {
        self.missing == Missing::Same
    }

    /// Somebody with a name of each kind that the upstream is told, which nobody has.
    pub fn made_up(&self, name: &str) -> Subject {
        let gives = |member| self.upstream.members().contains(&member);
        Subject {
            id: gives(Member::UserId).then(|| name.into()),
            email: gives(Member::UserEmail).then(|| format!("{name}@nobody.invalid").into()),
        }
    }

    /// The user whom `party` names so, as the other side names them; `None` where that is nobody.
    ///
    /// # Errors
    /// Where there is no answer.
    pub async fn translate(&self, party: Namespace, user: &Subject) -> Result<Option<Subject>, Unanswered> {
        if let Some(found) = self.find(party, user).await? {
            return Ok(Some(found));
        }
        // Named alike on both sides, unless that is how the other side names somebody else.
        let is_free = self.knows_strangers() && self.find(party.other(), user).await?.is_none();
        Ok((is_free && !user.is_nobody()).then(|| user.clone()))
    }

    async fn find(&self, party: Namespace, user: &Subject) -> Result<Option<Subject>, Unanswered> {
        let is_long = |name: &Option<Box<str>>| name.as_ref().is_some_and(|name| name.len() > MAX_NAME);
        if is_long(&user.id) || is_long(&user.email) {
            return Ok(None);
        }
        let found = match &self.source {
            Source::File(table) => Ok(table.find(party, user)),
            Source::Sqlite(both) => match both.direction(party) {
                Some(direction) => {
                    direction.kept(user, async |asked| both.source.find(&direction.query, asked).await).await
                }
                None => Ok(None),
            },
            Source::Postgres(both) => match both.direction(party) {
                Some(direction) => {
                    direction.kept(user, async |asked| both.source.find(&direction.query, asked).await).await
                }
                None => Ok(None),
            },
            Source::Http(both) => match both.direction(party) {
                Some(direction) => {
                    direction.kept(user, async |asked| both.source.find(&direction.query, &asked).await).await
                }
                None => Ok(None),
            },
        };
        found.map_err(|reason| Unanswered { map: self.name.clone(), reason, outage: self.outage })
    }

    fn columns(&self, party: Namespace) -> &Columns {
        match party {
            Namespace::Caller => &self.caller,
            Namespace::Upstream => &self.upstream,
        }
    }
}

impl<S, Q> Both<S, Q> {
    /// What is asked with the names of `party`.
    fn direction(&self, party: Namespace) -> Option<&Direction<Q>> {
        match party {
            Namespace::Caller => Some(&self.forward),
            Namespace::Upstream => self.back.as_ref(),
        }
    }
}

impl<Q> Direction<Q> {
    /// The answer that is kept, else the one to be had, which is then kept.
    async fn kept(
        &self,
        user: &Subject,
        ask: impl AsyncFnOnce(Subject) -> Result<Option<Subject>, String>,
    ) -> Result<Option<Subject>, String> {
        let Some(asked) = self.asks.of(user) else { return Ok(None) };
        if let Some(known) = self.cache.find(&asked) {
            return Ok(known);
        }
        let since = Instant::now();
        let found = ask(asked.clone()).await?;
        self.cache.keep(asked, found.clone(), since);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use crate::identity::settings::CacheSettings;

    use super::*;

    fn user(id: &str, email: &str) -> Subject {
        let text = |text: &str| (!text.is_empty()).then(|| text.into());
        Subject { id: text(id), email: text(email) }
    }

    #[tokio::test]
    async fn users_who_share_one_name_are_asked_for_and_kept_apart() {
        let asks = Asks::AnyOf(vec![Member::UserId, Member::UserEmail]);
        let direction = Direction { query: (), asks, cache: Cache::new(CacheSettings::default()) };
        let users = [user("1", "a"), user("1", "b"), user("2", "a"), user("1", ""), user("", "1"), user("", "a")];
        for one in &users {
            let found = direction.kept(one, async |asked| Ok(Some(user(&format!("{asked:?}"), "")))).await;
            assert_eq!(found, Ok(Some(user(&format!("{one:?}"), ""))));
        }
        for one in &users {
            let kept = direction.kept(one, async |_| Err("it was asked before".to_owned())).await;
            assert_eq!(kept, Ok(Some(user(&format!("{one:?}"), ""))));
        }
    }
}
