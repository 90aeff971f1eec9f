//! A compiled identity map, shared by all workers.
//!
//! Results of a database or a service are cached. If unknown users have the same name on both sides, the map is also
//! queried in the other direction, so that no user gets the name of another.

use std::sync::Arc;

use tokio::time::Instant;

use crate::ceremony::Subject;
use crate::identity::cache::Cache;
use crate::identity::http::{Lookup, Service};
use crate::identity::map_settings::{Missing, Outage};
use crate::identity::names::{Columns, MAX_NAME_BYTES, Namespace, RequiredNames};
use crate::identity::postgres::{CheckedQuery, Postgres};
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

/// The source of the names.
#[derive(Debug)]
pub(super) enum Source {
    File(Arc<Table>),
    Sqlite(Box<QuerySource<Sqlite, Arc<Prepared>>>),
    Postgres(Box<QuerySource<Postgres, Arc<CheckedQuery>>>),
    Http(Box<QuerySource<Service, Lookup>>),
}

/// A database or a service, with a query for each direction.
#[derive(Debug)]
pub(super) struct QuerySource<S, Q> {
    pub(super) source: S,
    pub(super) forward: CachedQuery<Q>,
    pub(super) back: Option<CachedQuery<Q>>,
}

/// The query of one direction, with its cache.
#[derive(Debug)]
pub(super) struct CachedQuery<Q> {
    pub(super) query: Q,
    pub(super) required: RequiredNames,
    pub(super) cache: Cache,
}

/// The map cannot be queried. The reason is for the log and contains no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the identity map `{map}` cannot be queried: {reason}")]
pub struct MapUnavailable {
    map: Arc<str>,
    reason: String,
    /// The fault for the caller.
    pub outage: Outage,
}

impl Map {
    /// Its name in the config.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names that it returns of users on that side.
    pub fn members(&self, namespace: Namespace) -> Vec<Member> {
        self.columns(namespace).members()
    }

    /// The names of users on that side that a query needs; `None` if there is no query for that direction.
    pub fn required_names(&self, namespace: Namespace) -> Option<RequiredNames> {
        match &self.source {
            Source::File(_) => Some(RequiredNames::AnyOf(self.members(namespace))),
            Source::Sqlite(source) => source.query_by(namespace).map(|query| query.required.clone()),
            Source::Postgres(source) => source.query_by(namespace).map(|query| query.required.clone()),
            Source::Http(source) => source.query_by(namespace).map(|query| query.required.clone()),
        }
    }

    /// Whether an unknown user may have the same name on both sides.
    pub fn allows_unknown_users(&self) -> bool {
        self.missing == Missing::Same
    }

    /// A user that does not exist, with each name that the upstream uses.
    pub fn fictitious_user(&self, name: &str) -> Subject {
        let has = |member| self.upstream.members().contains(&member);
        Subject {
            id: has(Member::UserId).then(|| name.into()),
            email: has(Member::UserEmail).then(|| format!("{name}@nobody.invalid").into()),
        }
    }

    /// The names on the other side of the user with these names; `None` if the user is unknown.
    ///
    /// # Errors
    /// If the map cannot be queried.
    pub async fn translate(&self, namespace: Namespace, user: &Subject) -> Result<Option<Subject>, MapUnavailable> {
        if let Some(found) = self.find(namespace, user).await? {
            return Ok(Some(found));
        }
        // The same name on both sides, unless the other side uses it for another user.
        let is_free = self.allows_unknown_users() && self.find(namespace.other(), user).await?.is_none();
        Ok((is_free && !user.is_nobody()).then(|| user.clone()))
    }

    async fn find(&self, namespace: Namespace, user: &Subject) -> Result<Option<Subject>, MapUnavailable> {
        let is_long = |name: &Option<Box<str>>| name.as_ref().is_some_and(|name| name.len() > MAX_NAME_BYTES);
        if is_long(&user.id) || is_long(&user.email) {
            return Ok(None);
        }
        let found = match &self.source {
            Source::File(table) => Ok(table.find(namespace, user)),
            Source::Sqlite(source) => match source.query_by(namespace) {
                Some(query) => query.cached(user, async |user| source.source.find(&query.query, user).await).await,
                None => Ok(None),
            },
            Source::Postgres(source) => match source.query_by(namespace) {
                Some(query) => query.cached(user, async |user| source.source.find(&query.query, user).await).await,
                None => Ok(None),
            },
            Source::Http(source) => match source.query_by(namespace) {
                Some(query) => query.cached(user, async |user| source.source.find(&query.query, &user).await).await,
                None => Ok(None),
            },
        };
        found.map_err(|reason| MapUnavailable { map: self.name.clone(), reason, outage: self.outage })
    }

    fn columns(&self, namespace: Namespace) -> &Columns {
        match namespace {
            Namespace::Caller => &self.caller,
            Namespace::Upstream => &self.upstream,
        }
    }
}

impl<S, Q> QuerySource<S, Q> {
    /// The query with names of that side.
    fn query_by(&self, namespace: Namespace) -> Option<&CachedQuery<Q>> {
        match namespace {
            Namespace::Caller => Some(&self.forward),
            Namespace::Upstream => self.back.as_ref(),
        }
    }
}

impl<Q> CachedQuery<Q> {
    /// The cached result, or else that of a new query, which is then cached.
    async fn cached(
        &self,
        user: &Subject,
        find: impl AsyncFnOnce(Subject) -> Result<Option<Subject>, String>,
    ) -> Result<Option<Subject>, String> {
        let Some(user) = self.required.select(user) else { return Ok(None) };
        if let Some(known) = self.cache.find(&user) {
            return Ok(known);
        }
        let since = Instant::now();
        let found = find(user.clone()).await?;
        self.cache.insert(user, found.clone(), since);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use crate::identity::map_settings::CacheSettings;

    use super::*;

    fn user(id: &str, email: &str) -> Subject {
        let text = |text: &str| (!text.is_empty()).then(|| text.into());
        Subject { id: text(id), email: text(email) }
    }

    #[tokio::test]
    async fn users_that_share_a_name_are_cached_separately() {
        let required = RequiredNames::AnyOf(vec![Member::UserId, Member::UserEmail]);
        let query = CachedQuery { query: (), required, cache: Cache::new(CacheSettings::default()) };
        let users = [user("1", "a"), user("1", "b"), user("2", "a"), user("1", ""), user("", "1"), user("", "a")];
        for one in &users {
            let found = query.cached(one, async |user_names| Ok(Some(user(&format!("{user_names:?}"), "")))).await;
            assert_eq!(found, Ok(Some(user(&format!("{one:?}"), ""))));
        }
        for one in &users {
            let cached = query.cached(one, async |_| Err("it was queried before".to_owned())).await;
            assert_eq!(cached, Ok(Some(user(&format!("{one:?}"), ""))));
        }
    }
}
