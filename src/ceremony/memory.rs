//! The ceremony store in this process's memory, limited in number and bytes. The oldest ceremony is evicted first.
//!
//! Sixteen shards keep the cores from waiting for each other. An expired ceremony is never returned.

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

/// `[ceremonies]`: the store of ceremonies between begin and finish.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CeremonySettings {
    /// `memory`: in this process. Default: `memory`.
    pub store: StoreKind,
    /// Maximum number of ceremonies; the oldest is evicted. Default 1000000.
    pub max_entries: Bounded<16, 100_000_000>,
    /// Maximum bytes of memory for them. Default 1073741824.
    pub max_bytes: Bounded<65_536, 1_099_511_627_776>,
    /// Maximum lifetime of a ceremony in seconds, and the lifetime when its begin gives no timeout. Default 600.
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

    /// Stores a ceremony for the lifetime of its challenge. `false` if the challenge is present already: two ceremonies
    /// with one challenge could not be distinguished.
    pub fn remember(&self, key: ChallengeKey, ceremony: &Ceremony, lifetime: Option<Duration>) -> bool {
        let now = Instant::now();
        let expires = now + lifetime.unwrap_or(self.max_age).min(self.max_age);
        let hash = self.hasher.hash_one(key);
        let stored = StoredCeremony::new(key, ceremony);
        let mut shard = self.shard(hash);
        shard.sweep(now);
        if !shard.push(key, hash, stored, expires) {
            return false;
        }
        while shard.len() > self.max_entries || shard.bytes() > self.max_bytes {
            shard.drop_oldest();
        }
        true
    }

    /// Removes a ceremony and returns it. Only the first call for a key succeeds.
    pub fn take(&self, key: ChallengeKey) -> Option<Ceremony> {
        let hash = self.hasher.hash_one(key);
        let (stored, expires) = self.shard(hash).take(hash, key)?;
        (expires > Instant::now()).then(|| stored.ceremony())?
    }

    /// The generation of the config that a stored ceremony was begun under.
    pub fn generation_of(&self, key: ChallengeKey) -> Option<u64> {
        self.read(key, StoredCeremony::generation)
    }

    /// The upstream that issued a stored ceremony's challenge.
    pub fn upstream_of(&self, key: ChallengeKey) -> Option<Arc<str>> {
        self.read(key, |stored| stored.upstream().map(Arc::from))
    }

    /// The maximum lifetime of a ceremony.
    pub fn max_age(&self) -> Duration {
        self.max_age
    }

    /// How many ceremonies are held, including expired ones that are not swept yet.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().expect("no thread panics while it holds a shard").len()).sum()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn read<T>(&self, key: ChallengeKey, member: impl FnOnce(&StoredCeremony) -> Option<T>) -> Option<T> {
        let hash = self.hasher.hash_one(key);
        let shard = self.shard(hash);
        let (stored, expires) = shard.find(hash, key)?;
        (expires > Instant::now()).then(|| member(stored))?
    }

    fn shard(&self, hash: u64) -> MutexGuard<'_, Shard> {
        // These bits are not used by the index.
        let shard = &self.shards[(hash >> 32) as usize % SHARDS];
        shard.lock().expect("no thread panics while it holds a shard")
    }
}

#[cfg(test)]
mod tests {
    use crate::ceremony::shard::MAX_TAKEN;
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
            requested: Default::default(),
            sent: Default::default(),
            expected: Default::default(),
            bearer_user: None,
            handles: None,
        }
    }

    fn key(number: u32) -> ChallengeKey {
        ChallengeKey::of(&number.to_be_bytes())
    }

    #[tokio::test(start_paused = true)]
    async fn ceremony_is_taken_once_and_not_after_it_expires() {
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
    async fn oldest_ceremony_is_evicted_and_its_bytes_freed() {
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
    async fn slots_of_taken_ceremonies_are_dropped() {
        let store = Ceremonies::new(&CeremonySettings::default());
        for number in 0..50 {
            store.remember(key(number), &ceremony(), None); // not finished
        }
        for number in 1_000..101_000 {
            store.remember(key(number), &ceremony(), None);
            store.take(key(number));
        }
        let slots: usize = store.shards.iter().map(|shard| shard.lock().unwrap().slots()).sum();
        assert!(slots <= 2 * 50 + SHARDS * (MAX_TAKEN + 1), "{slots}");
        assert_eq!(store.len(), 50);
        assert!(store.take(key(49)).is_some());
    }

    #[tokio::test]
    async fn challenges_with_the_same_end_use_all_shards() {
        let settings = CeremonySettings { max_entries: Bounded::nearest(16_000), ..Default::default() };
        let store = Ceremonies::new(&settings);
        for number in 0..8_000_u64 {
            let challenge = [&number.to_be_bytes()[..], b"="].concat();
            store.remember(ChallengeKey::of(&challenge), &ceremony(), None);
        }
        assert_eq!(store.len(), 8_000);
    }

    #[tokio::test]
    async fn one_of_fifty_takers_succeeds() {
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
