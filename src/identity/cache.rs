//! A bounded cache of query results. The oldest result is evicted first.
//!
//! The lifetime of a result begins when the query was sent, not when the result arrived.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::ceremony::Subject;
use crate::identity::map_settings::CacheSettings;

/// The results of one direction.
#[derive(Debug)]
pub(super) struct Cache {
    entries: Mutex<Entries>,
    max_entries: usize,
    found_lifetime: Duration,
    missing_lifetime: Duration,
}

#[derive(Debug, Default)]
struct Entries {
    results: HashMap<Subject, CachedResult>,
    /// In insertion order; a result may have been replaced by a later one.
    order: VecDeque<(Subject, u64)>,
    serial: u64,
}

#[derive(Debug)]
struct CachedResult {
    found: Option<Subject>,
    until: Instant,
    serial: u64,
}

impl Cache {
    pub(super) fn new(settings: CacheSettings) -> Self {
        Self {
            entries: Mutex::default(),
            max_entries: settings.max_entries.count(),
            found_lifetime: Duration::from_secs(settings.seconds.get()),
            missing_lifetime: Duration::from_secs(settings.missing_seconds.get()),
        }
    }

    /// The cached result for a user, if it has not expired; an inner `None` means that the user is unknown.
    pub(super) fn find(&self, user: &Subject) -> Option<Option<Subject>> {
        let entries = self.entries();
        let result = entries.results.get(user).filter(|result| result.until > Instant::now())?;
        Some(result.found.clone())
    }

    /// Caches the result of a query that was sent at `since`.
    pub(super) fn insert(&self, user: Subject, found: Option<Subject>, since: Instant) {
        let lifetime = if found.is_some() { self.found_lifetime } else { self.missing_lifetime };
        let until = since + lifetime;
        if until <= Instant::now() {
            return;
        }
        let mut entries = self.entries();
        entries.serial += 1;
        let serial = entries.serial;
        entries.order.push_back((user.clone(), serial));
        entries.results.insert(user, CachedResult { found, until, serial });
        while entries.results.len() > self.max_entries || entries.order.len() > 2 * self.max_entries {
            entries.evict_oldest();
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // Every change under this lock is atomic, so the cache is consistent even after a panic.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn evict_oldest(&mut self) {
        let Some((user, serial)) = self.order.pop_front() else { return };
        if self.results.get(&user).is_some_and(|result| result.serial == serial) {
            self.results.remove(&user);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::base::bounded::Bounded;

    use super::*;

    fn user(id: usize) -> Subject {
        Subject { id: Some(id.to_string().into()), email: None }
    }

    fn cache(max_entries: u64) -> Cache {
        Cache::new(CacheSettings { max_entries: Bounded::nearest(max_entries), ..CacheSettings::default() })
    }

    #[tokio::test(start_paused = true)]
    async fn results_expire() {
        let cache = cache(10);
        let sent_at = Instant::now();
        tokio::time::advance(Duration::from_secs(5)).await;
        cache.insert(user(1), Some(user(2)), sent_at);
        cache.insert(user(3), None, sent_at);
        assert_eq!((cache.find(&user(1)), cache.find(&user(3))), (Some(Some(user(2))), Some(None)));
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!((cache.find(&user(1)), cache.find(&user(3))), (Some(Some(user(2))), None));
        tokio::time::advance(Duration::from_secs(50)).await;
        assert_eq!(cache.find(&user(1)), None);
        cache.insert(user(1), Some(user(2)), sent_at);
        assert_eq!(cache.find(&user(1)), None, "the query took longer than the lifetime");
    }

    #[tokio::test(start_paused = true)]
    async fn oldest_result_is_evicted() {
        let cache = cache(3);
        for id in [1, 2, 3, 1, 4] {
            cache.insert(user(id), Some(user(id + 10)), Instant::now());
        }
        assert_eq!(cache.find(&user(2)), None);
        assert!([1, 3, 4].into_iter().all(|id| cache.find(&user(id)) == Some(Some(user(id + 10)))));
        for id in 0..1000 {
            cache.insert(user(id % 3), None, Instant::now());
        }
        let entries = cache.entries();
        assert!(entries.results.len() <= 3 && entries.order.len() <= 6);
    }
}
