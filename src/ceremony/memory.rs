//! Ceremonies in this process's memory: bounded in number and bytes, the oldest making room.
//!
//! Sixteen shards keep the cores out of each other's way. A ceremony that expired is gone, also when
//! nobody swept it yet.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use crate::base::bounded::Bounded;
use crate::ceremony::shard::Shard;
use crate::ceremony::stored_ceremony::StoredCeremony;
use crate::ceremony::{Ceremony, ChallengeKey};

const SHARDS: usize = 16;

/// `[ceremonies]`: where begun ceremonies wait for their finish.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CeremonySettings {
    /// `memory`: this process alone. Default: `memory`.
    pub store: StoreKind,
    /// Ceremonies kept at once; the oldest makes room. Default 1000000.
    pub max_entries: Bounded<16, 100_000_000>,
    /// Bytes of memory for them. Default 1073741824.
    pub max_bytes: Bounded<65_536, 1_099_511_627_776>,
    /// Seconds a ceremony is kept where its begin gave no timeout, and at most. Default 600.
    pub max_age: Bounded<10, 86_400>,
}

/// The kinds of stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// In memory.
    #[default]
    Memory,
}

impl Default for CeremonySettings {
    fn default() -> Self {
        Self {
            store: StoreKind::Memory,
            max_entries: Bounded::nearest(1_000_000),
            max_bytes: Bounded::nearest(1 << 30),
            max_age: Bounded::nearest(600),
        }
    }
}

/// The store.
#[derive(Debug)]
pub struct Ceremonies {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
    max_entries: usize,
    max_bytes: usize,
    max_age: Duration,
}

impl Ceremonies {
    /// An empty store.
    pub fn new(settings: &CeremonySettings) -> Self {
        Self {
            shards: Default::default(),
            hasher: RandomState::new(),
            max_entries: settings.max_entries.count().div_ceil(SHARDS),
            max_bytes: settings.max_bytes.count().div_ceil(SHARDS),
            max_age: Duration::from_secs(settings.max_age.get()),
        }
    }

    /// Keeps a ceremony for as long as its challenge is good. `false` when that challenge is kept
    /// already: two ceremonies of one challenge could not be told apart.
    pub fn remember(&self, key: ChallengeKey, ceremony: &Ceremony, lifetime: Option<Duration>) -> bool {
        let now = Instant::now();
        let expires = now + lifetime.unwrap_or(self.max_age).min(self.max_age);
        let hash = self.hasher.hash_one(key);
        let waiting = Box::new(StoredCeremony::new(key, ceremony));
        let mut shard = self.shard(hash);
        shard.sweep(now);
        if !shard.push(hash, waiting, expires) {
            return false;
        }
        while shard.len() > self.max_entries || shard.bytes() > self.max_bytes {
            shard.drop_oldest();
        }
        true
    }

    /// Takes a ceremony out: the first who asks gets it, nobody else does.
    pub fn take(&self, key: ChallengeKey) -> Option<Ceremony> {
        let hash = self.hasher.hash_one(key);
        let (waiting, expires) = self.shard(hash).take(hash, key)?;
        (expires > Instant::now()).then(|| waiting.ceremony())
    }

    /// Under which config the ceremony was begun that can still be taken there.
    pub fn generation_of(&self, key: ChallengeKey) -> Option<u64> {
        self.look(key, |waiting| waiting.generation)
    }

    /// Which upstream issued the challenge of a ceremony that can still be taken.
    pub fn upstream_of(&self, key: ChallengeKey) -> Option<Arc<str>> {
        self.look(key, |waiting| waiting.upstream.clone())
    }

    /// The longest that a ceremony is kept.
    pub fn max_age(&self) -> Duration {
        self.max_age
    }

    /// How many ceremonies are held, expired ones that nobody swept yet among them.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().expect("no thread panics while it holds a shard").len()).sum()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn look<T>(&self, key: ChallengeKey, at: impl FnOnce(&StoredCeremony) -> T) -> Option<T> {
        let hash = self.hasher.hash_one(key);
        let shard = self.shard(hash);
        let (waiting, expires) = shard.find(hash, key)?;
        (expires > Instant::now()).then(|| at(waiting))
    }

    fn shard(&self, hash: u64) -> MutexGuard<'_, Shard> {
        // The bits that an index does not look at.
        let shard = &self.shards[(hash >> 32) as usize % SHARDS];
        shard.lock().expect("no thread panics while it holds a shard")
    }
}

#[cfg(test)]
mod tests {
    use crate::ceremony::shard::MOST_TAKEN;
    use crate::model::operation::Operation;

    use super::*;

    fn ceremony() -> Ceremony {
        Ceremony {
            generation: 3,
            verify_user: false,
            is_decoy: false,
            route: "r".into(),
            upstream: "u".into(),
            begun_by: Operation::LoginBegin,
            upstream_session: None,
            caller_session: Some("handle".into()),
            asked: Default::default(),
            told: Default::default(),
            expected: Default::default(),
            bearer_user: None,
            handles: None,
        }
    }

    fn key(number: u32) -> ChallengeKey {
        ChallengeKey::of(&number.to_be_bytes())
    }

    #[tokio::test(start_paused = true)]
    async fn a_ceremony_is_taken_once_and_not_after_it_expired() {
        let store = Ceremonies::new(&CeremonySettings::default());
        assert!(store.remember(key(1), &ceremony(), Some(Duration::from_secs(60))));
        assert!(!store.remember(key(1), &ceremony(), None), "a challenge is kept once");
        assert_eq!(store.generation_of(key(1)), Some(3));
        assert_eq!(store.upstream_of(key(1)).as_deref(), Some("u"));
        assert_eq!(store.take(key(1)), Some(ceremony()));
        assert_eq!(store.take(key(1)), None);
        store.remember(key(2), &ceremony(), Some(Duration::from_secs(60)));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!((store.generation_of(key(1)), store.generation_of(key(2))), (None, None));
        assert_eq!((store.upstream_of(key(1)), store.upstream_of(key(2))), (None, None));
        assert_eq!(store.take(key(2)), None);
        assert!(store.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_makes_room_and_the_bytes_are_given_back() {
        let settings = CeremonySettings { max_entries: Bounded::nearest(160), ..Default::default() };
        let store = Ceremonies::new(&settings);
        for number in 0..10_000 {
            store.remember(key(number), &ceremony(), None);
        }
        assert!(store.len() <= 160);
        assert_eq!(store.take(key(0)), None);
        assert!(store.take(key(9_999)).is_some());
        tokio::time::advance(Duration::from_secs(601)).await;
        for number in 20_000..20_400 {
            store.remember(key(number), &ceremony(), None);
            store.take(key(number));
        }
        let bytes: usize = store.shards.iter().map(|shard| shard.lock().unwrap().bytes()).sum();
        assert_eq!((store.len(), bytes), (0, 0));
    }

    #[tokio::test]
    async fn what_was_taken_leaves_no_place_behind() {
        let store = Ceremonies::new(&CeremonySettings::default());
        for number in 0..50 {
            store.remember(key(number), &ceremony(), None); // nobody finishes these
        }
        for number in 1_000..101_000 {
            store.remember(key(number), &ceremony(), None);
            store.take(key(number));
        }
        let places: usize = store.shards.iter().map(|shard| shard.lock().unwrap().places()).sum();
        assert!(places <= 2 * 50 + SHARDS * (MOST_TAKEN + 1), "{places}");
        assert_eq!(store.len(), 50);
        assert!(store.take(key(49)).is_some());
    }

    #[tokio::test]
    async fn challenges_that_end_alike_share_all_of_the_room() {
        let settings = CeremonySettings { max_entries: Bounded::nearest(16_000), ..Default::default() };
        let store = Ceremonies::new(&settings);
        for number in 0..8_000_u64 {
            let challenge = [&number.to_be_bytes()[..], b"="].concat();
            store.remember(ChallengeKey::of(&challenge), &ceremony(), None);
        }
        assert_eq!(store.len(), 8_000);
    }

    #[tokio::test]
    async fn of_fifty_who_take_one_gets_it() {
        let store = Arc::new(Ceremonies::new(&CeremonySettings::default()));
        store.remember(key(1), &ceremony(), None);
        let takers: Vec<_> = (0..50)
            .map(|_| {
                let store = store.clone();
                std::thread::spawn(move || store.take(key(1)).is_some())
            })
            .collect();
        let winners = takers.into_iter().map(|taker| taker.join().unwrap()).filter(|won| *won).count();
        assert_eq!(winners, 1);
    }
}
