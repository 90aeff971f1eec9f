//! A part of the ceremony store: a queue in the order of arrival, and an index by key.
//!
//! The index and the queue are small; a ceremony itself is touched only when it is stored and taken.

use std::collections::VecDeque;

use hashbrown::HashTable;
use hashbrown::hash_table::OccupiedEntry;
use tokio::time::Instant;

use crate::ceremony::ChallengeKey;
use crate::ceremony::holders::{Holder, Holders};
use crate::ceremony::stored_ceremony::StoredCeremony;

/// How many slots of taken ceremonies may stay in the queue.
pub(super) const MAX_TAKEN: usize = 64;

/// A part of the store.
#[derive(Debug, Default)]
pub(super) struct Shard {
    /// Serial numbers by key.
    index: HashTable<usize>,
    queue: Queue,
    bytes: usize,
}

/// Ceremonies in the order of arrival, by serial number.
#[derive(Debug, Default)]
struct Queue {
    slots: VecDeque<Slot>,
    /// The serial number of the first slot.
    first: usize,
}

#[derive(Debug)]
struct Slot {
    /// Of the key.
    hash: u64,
    expires: Instant,
    holder: Holder,
    /// `None` once it is taken.
    ceremony: Option<StoredCeremony>,
}

impl Shard {
    /// How many bytes of memory they take.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many slots there are, those of taken ceremonies included.
    #[cfg(test)]
    pub(super) fn slots(&self) -> usize {
        self.queue.slots.len()
    }

    /// Adds a ceremony, whose key is not present; `hash` is its key's.
    pub(super) fn push(&mut self, hash: u64, ceremony: StoredCeremony, expires: Instant, holder: Holder) {
        self.bytes += ceremony.size();
        let serial = self.queue.push(Slot { hash, expires, holder, ceremony: Some(ceremony) });
        self.index.insert_unique(hash, serial, |serial| self.queue.hash_at(*serial));
    }

    /// A ceremony, and when it expires.
    pub(super) fn find(&self, hash: u64, key: ChallengeKey) -> Option<(&StoredCeremony, Instant)> {
        let serial = self.index.find(hash, |serial| self.queue.is_at(*serial, hash, key))?;
        let slot = self.queue.at(*serial)?;
        Some((slot.ceremony.as_ref()?, slot.expires))
    }

    /// Removes a ceremony.
    pub(super) fn remove(&mut self, hash: u64, key: ChallengeKey, holders: &Holders) {
        let Self { index, queue, .. } = self;
        let found = index.find_entry(hash, |serial| queue.is_at(*serial, hash, key));
        let Some((serial, _)) = found.ok().map(OccupiedEntry::remove) else { return };
        let Some(slot) = queue.at_mut(serial) else { return };
        let Some(ceremony) = slot.ceremony.take() else { return };
        self.bytes -= ceremony.size();
        holders.remove(slot.holder);
    }

    /// Drops expired ceremonies at the front; later ones mostly expire later. When most slots are of taken
    /// ceremonies, drops those slots.
    pub(super) fn sweep(&mut self, now: Instant, holders: &Holders) {
        while self.queue.slots.front().is_some_and(|slot| slot.ceremony.is_none() || slot.expires <= now) {
            self.drop_oldest(holders);
        }
        if self.queue.slots.len() > 2 * self.index.len() + MAX_TAKEN {
            self.compact();
        }
    }

    /// Drops the first slot.
    fn drop_oldest(&mut self, holders: &Holders) {
        let serial = self.queue.first;
        let Some(Slot { hash, holder, ceremony: Some(ceremony), .. }) = self.queue.pop() else { return };
        self.bytes -= ceremony.size();
        holders.remove(holder);
        if let Ok(found) = self.index.find_entry(hash, |at| *at == serial) {
            found.remove();
        }
    }

    fn compact(&mut self) {
        let Self { index, queue, .. } = self;
        queue.slots.retain(|slot| slot.ceremony.is_some());
        index.clear();
        for (serial, slot) in (queue.first..).zip(&queue.slots) {
            index.insert_unique(slot.hash, serial, |serial| queue.hash_at(*serial));
        }
    }
}

impl Queue {
    fn push(&mut self, slot: Slot) -> usize {
        self.slots.push_back(slot);
        self.first + self.slots.len() - 1
    }

    fn pop(&mut self) -> Option<Slot> {
        let oldest = self.slots.pop_front()?;
        self.first += 1;
        Some(oldest)
    }

    fn at(&self, serial: usize) -> Option<&Slot> {
        self.slots.get(serial - self.first)
    }

    fn at_mut(&mut self, serial: usize) -> Option<&mut Slot> {
        self.slots.get_mut(serial - self.first)
    }

    fn hash_at(&self, serial: usize) -> u64 {
        self.slots[serial - self.first].hash
    }

    fn is_at(&self, serial: usize, hash: u64, key: ChallengeKey) -> bool {
        let slot = self.at(serial).filter(|slot| slot.hash == hash);
        slot.and_then(|slot| slot.ceremony.as_ref()).is_some_and(|ceremony| ceremony.has_key(key))
    }
}
