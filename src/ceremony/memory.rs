//! The ceremony store in this process's memory, limited in number and bytes.
//!
//! Sixteen shards keep the cores from waiting for each other. An expired ceremony is never returned. A full store
//! refuses new ceremonies: evicting the oldest would let one client end the sign-ins of others.

use std::convert::Infallible;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use crate::base::bounded::Bounded;
use crate::ceremony::holders::Holders;
use crate::ceremony::shard::Shard;
use crate::ceremony::stored_ceremony::StoredCeremony;
use crate::ceremony::{Ceremony, ChallengeKey, Holder, NotStored};

const SHARDS: usize = 16;

/// The store of the ceremonies that wait for their finish.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CeremonySettings {
    /// `memory`: in this process. Default: `memory`.
    pub store: StoreKind,
    /// Maximum number of ceremonies; further begins are refused. Default 1000000.
    pub max_entries: Bounded<16, 100_000_000>,
    /// Maximum bytes of memory for them. Default 1073741824.
    pub max_bytes: Bounded<65_536, 1_099_511_627_776>,
    /// Maximum number of ceremonies of one client, by its address (IPv6: /64) or credential; 0 is no limit. A client
    /// never holds more ceremonies than there are free places. Default 10000.
    pub max_per_client: Bounded<0, 100_000_000>,
    /// Maximum number of ceremonies that one client address holds for one named user; 0 is no limit. Default 100.
    pub max_per_user: Bounded<0, 100_000_000>,
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
            max_per_client: Bounded::nearest(10_000),
            max_per_user: Bounded::nearest(100),
            max_age: Bounded::nearest(600),
        }
    }
}

/// The store.
#[derive(Debug)]
pub struct Ceremonies {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
    holders: Holders,
    max_bytes: usize,
    max_age: Duration,
}

impl Ceremonies {
    /// An empty store.
    pub fn new(settings: &CeremonySettings) -> Self {
        Self {
            shards: Default::default(),
            hasher: RandomState::new(),
            holders: Holders::new(
                settings.max_entries.count(),
                settings.max_per_client.count(),
                settings.max_per_user.count(),
            ),
            max_bytes: settings.max_bytes.count().div_ceil(SHARDS),
            max_age: Duration::from_secs(settings.max_age.get()),
        }
    }

    /// The holder of a ceremony in the store, from what identifies a client and a user.
    pub fn holder(&self, client: Option<impl Hash>, user: Option<impl Hash>) -> Holder {
        let hash = |key: u64| NonZeroU64::new(key.max(1));
        Holder {
            client: client.and_then(|client| hash(self.hasher.hash_one((0, client)))),
            user: user.and_then(|user| hash(self.hasher.hash_one((1, user)))),
        }
    }

    /// Stores a ceremony for the lifetime of its challenge.
    ///
    /// # Errors
    /// When the challenge is present, the store is full, or the holder is over its limit.
    pub fn remember(
        &self,
        key: ChallengeKey,
        ceremony: &Ceremony,
        lifetime: Option<Duration>,
        holder: Holder,
    ) -> Result<(), NotStored> {
        let now = Instant::now();
        let expires = now + lifetime.unwrap_or(self.max_age).min(self.max_age);
        let hash = self.hasher.hash_one(key);
        let stored = StoredCeremony::new(key, ceremony);
        let mut shard = self.shard(hash);
        shard.sweep(now, &self.holders);
        if shard.find(hash, key).is_some() {
            return Err(NotStored::ChallengeInUse);
        }
        if shard.bytes() + stored.size() > self.max_bytes {
            return Err(NotStored::Full);
        }
        self.holders.add(holder)?;
        shard.push(hash, stored, expires, holder);
        Ok(())
    }

    /// Removes a ceremony and returns it. Only the first call for a key succeeds.
    pub fn take(&self, key: ChallengeKey) -> Option<Ceremony> {
        self.take_if(key, |_| Ok::<_, Infallible>(())).unwrap_or_else(|never| match never {})
    }

    /// Removes a ceremony and returns it, if `check` accepts it. A ceremony that `check` refuses stays.
    ///
    /// # Errors
    /// That of `check`.
    pub fn take_if<E>(
        &self,
        key: ChallengeKey,
        check: impl FnOnce(&Ceremony) -> Result<(), E>,
    ) -> Result<Option<Ceremony>, E> {
        let hash = self.hasher.hash_one(key);
        let mut shard = self.shard(hash);
        let Some((stored, expires)) = shard.find(hash, key) else { return Ok(None) };
        let ceremony = stored.ceremony().filter(|_| expires > Instant::now());
        if let Some(ceremony) = &ceremony {
            check(ceremony)?;
        }
        shard.remove(hash, key, &self.holders);
        Ok(ceremony)
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
        self.holders.held()
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

    fn remember(store: &Ceremonies, number: u32, lifetime: Option<Duration>) -> Result<(), NotStored> {
        store.remember(key(number), &ceremony(), lifetime, Holder::default())
    }

    #[tokio::test]
    async fn a_ceremony_that_is_refused_stays() {
        let store = Ceremonies::new(&CeremonySettings::default());
        remember(&store, 1, None).unwrap();
        assert_eq!(store.take_if(key(1), |_| Err("of another route")), Err("of another route"));
        assert_eq!(store.take_if(key(1), |_| Ok::<_, ()>(())), Ok(Some(ceremony())));
        assert!(store.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn ceremony_is_taken_once_and_not_after_it_expires() {
        let store = Ceremonies::new(&CeremonySettings::default());
        assert_eq!(remember(&store, 1, Some(Duration::from_secs(60))), Ok(()));
        assert_eq!(remember(&store, 1, None), Err(NotStored::ChallengeInUse));
        assert_eq!(store.generation_of(key(1)), Some(3));
        assert_eq!(store.upstream_of(key(1)).as_deref(), Some("u"));
        assert_eq!(store.take(key(1)), Some(ceremony()));
        assert_eq!(store.take(key(1)), None);
        remember(&store, 2, Some(Duration::from_secs(60))).unwrap();
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!((store.generation_of(key(1)), store.generation_of(key(2))), (None, None));
        assert_eq!((store.upstream_of(key(1)), store.upstream_of(key(2))), (None, None));
        assert_eq!(store.take(key(2)), None);
        assert!(store.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_store_refuses_and_expired_ceremonies_make_room() {
        let settings = CeremonySettings { max_entries: Bounded::nearest(160), ..Default::default() };
        let store = Ceremonies::new(&settings);
        let stored = (0..10_000).filter(|number| remember(&store, *number, None).is_ok()).count();
        assert_eq!((stored, store.len()), (160, 160));
        assert_eq!(remember(&store, 10_001, None), Err(NotStored::Full));
        assert!(store.take(key(0)).is_some(), "no ceremony is evicted");
        tokio::time::advance(Duration::from_secs(601)).await;
        for number in 20_000..20_400 {
            // Each shard removes its own expired ceremonies, so the first ones may still be refused.
            if remember(&store, number, None).is_ok() {
                store.take(key(number)).unwrap();
            }
        }
        let bytes: usize = store.shards.iter().map(|shard| shard.lock().unwrap().bytes()).sum();
        assert_eq!((store.len(), bytes), (0, 0));
    }

    #[tokio::test]
    async fn slots_of_taken_ceremonies_are_dropped() {
        let store = Ceremonies::new(&CeremonySettings::default());
        for number in 0..50 {
            remember(&store, number, None).unwrap(); // not finished
        }
        for number in 1_000..101_000 {
            // Each shard removes its own expired ceremonies, so the first ones may still be refused.
            if remember(&store, number, None).is_ok() {
                store.take(key(number)).unwrap();
            }
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
            store.remember(ChallengeKey::of(&challenge), &ceremony(), None, Holder::default()).unwrap();
        }
        assert_eq!(store.len(), 8_000);
    }

    #[tokio::test]
    async fn one_of_fifty_takers_succeeds() {
        let store = Arc::new(Ceremonies::new(&CeremonySettings::default()));
        remember(&store, 1, None).unwrap();
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
