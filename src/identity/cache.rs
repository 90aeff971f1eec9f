//! Answers that are used again, for a while: bounded in number, the oldest making room.
//!
//! An answer's time begins when the question was asked, not when the answer came, and it is never
//! used beyond it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::ceremony::Subject;
use crate::identity::settings::CacheSettings;

/// The answers of one direction.
#[derive(Debug)]
pub(super) struct Cache {
    held: Mutex<Held>,
    max_entries: usize,
    known_for: Duration,
    unknown_for: Duration,
}

#[derive(Debug, Default)]
struct Held {
    answers: HashMap<Subject, Answer>,
    /// In the order they came; a later answer may have taken an earlier one's place.
    order: VecDeque<(Subject, u64)>,
    serial: u64,
}

#[derive(Debug)]
struct Answer {
    user: Option<Subject>,
    until: Instant,
    serial: u64,
}

impl Cache {
    pub(super) fn new(settings: CacheSettings) -> Self {
        Self {
            held: Mutex::default(),
            max_entries: settings.max_entries.count(),
            known_for: Duration::from_secs(settings.seconds.get()),
            unknown_for: Duration::from_secs(settings.missing_seconds.get()),
        }
    }

    /// What was answered to a question, if that may still be used; within it, `None` is nobody.
    pub(super) fn find(&self, asked: &Subject) -> Option<Option<Subject>> {
        let held = self.held();
        let answer = held.answers.get(asked).filter(|answer| answer.until > Instant::now())?;
        Some(answer.user.clone())
    }

    /// Keeps the answer to a question that was asked at `since`.
    pub(super) fn keep(&self, asked: Subject, user: Option<Subject>, since: Instant) {
        let kept_for = if user.is_some() { self.known_for } else { self.unknown_for };
        let until = since + kept_for;
        if until <= Instant::now() {
            return;
        }
        let mut held = self.held();
        held.serial += 1;
        let serial = held.serial;
        held.order.push_back((asked.clone(), serial));
        held.answers.insert(asked, Answer { user, until, serial });
        while held.answers.len() > self.max_entries || held.order.len() > 2 * self.max_entries {
            held.drop_oldest();
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Every change under this lock is whole, so a panic elsewhere has broken nothing.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn drop_oldest(&mut self) {
        let Some((asked, serial)) = self.order.pop_front() else { return };
        if self.answers.get(&asked).is_some_and(|answer| answer.serial == serial) {
            self.answers.remove(&asked);
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
    async fn no_answer_is_used_beyond_its_time() {
        let cache = cache(10);
        let asked_at = Instant::now();
        tokio::time::advance(Duration::from_secs(5)).await;
        cache.keep(user(1), Some(user(2)), asked_at);
        cache.keep(user(3), None, asked_at);
        assert_eq!((cache.find(&user(1)), cache.find(&user(3))), (Some(Some(user(2))), Some(None)));
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!((cache.find(&user(1)), cache.find(&user(3))), (Some(Some(user(2))), None));
        tokio::time::advance(Duration::from_secs(50)).await;
        assert_eq!(cache.find(&user(1)), None);
        cache.keep(user(1), Some(user(2)), asked_at);
        assert_eq!(cache.find(&user(1)), None, "it took longer than it may be kept");
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_makes_room() {
        let cache = cache(3);
        for id in [1, 2, 3, 1, 4] {
            cache.keep(user(id), Some(user(id + 10)), Instant::now());
        }
        assert_eq!(cache.find(&user(2)), None);
        assert!([1, 3, 4].into_iter().all(|id| cache.find(&user(id)) == Some(Some(user(id + 10)))));
        for id in 0..1000 {
            cache.keep(user(id % 3), None, Instant::now());
        }
        let held = cache.held();
        assert!(held.answers.len() <= 3 && held.order.len() <= 6);
    }
}
