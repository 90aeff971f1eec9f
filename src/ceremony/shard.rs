//! A part of the store of ceremonies: a queue in the order they came, and an index by their keys.
//!
//! What is looked at in passing lies close together: the index and the queue are small, and a ceremony itself is
//! touched when it comes and when it goes.

use std::collections::VecDeque;

use hashbrown::HashTable;
use tokio::time::Instant;

use crate::ceremony::ChallengeKey;
use crate::ceremony::stored_ceremony::StoredCeremony;

/// How many places are kept for ceremonies that were taken, whatever is held.
pub(super) const MOST_TAKEN: usize = 64;

/// A part of the store.
#[derive(Debug, Default)]
pub(super) struct Shard {
    /// The serial numbers of those that wait. Small, for each is looked for in other memory than the last.
    index: HashTable<usize>,
    queue: Queue,
    bytes: usize,
}

/// Ceremonies in the order they came, by serial numbers.
#[derive(Debug, Default)]
struct Queue {
    places: VecDeque<Place>,
    /// The serial number of the first.
    first: usize,
}

#[derive(Debug)]
struct Place {
    /// The key's.
    hash: u64,
    expires: Instant,
    /// `None` once it was taken.
    waiting: Option<Box<StoredCeremony>>,
}

impl Shard {
    /// How many it holds.
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// How many bytes of memory they take.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many places there are, those of ceremonies that were taken among them.
    #[cfg(test)]
    pub(super) fn places(&self) -> usize {
        self.queue.places.len()
    }

    /// Keeps one at the end; `hash` is its key's. `false` if there is one of that key.
    pub(super) fn push(&mut self, hash: u64, waiting: Box<StoredCeremony>, expires: Instant) -> bool {
        if self.index.find(hash, |serial| self.queue.is_at(*serial, hash, waiting.key)).is_some() {
            return false;
        }
        self.bytes += waiting.size();
        let serial = self.queue.push(Place { hash, expires, waiting: Some(waiting) });
        self.index.insert_unique(hash, serial, |serial| self.queue.hash_at(*serial));
        true
    }

    /// One, and when it expires.
    pub(super) fn find(&self, hash: u64, key: ChallengeKey) -> Option<(&StoredCeremony, Instant)> {
        let serial = self.index.find(hash, |serial| self.queue.is_at(*serial, hash, key))?;
        let place = self.queue.at(*serial)?;
        Some((place.waiting.as_deref()?, place.expires))
    }

    /// The same, to keep.
    pub(super) fn take(&mut self, hash: u64, key: ChallengeKey) -> Option<(Box<StoredCeremony>, Instant)> {
        let Self { index, queue, .. } = self;
        let found = index.find_entry(hash, |serial| queue.is_at(*serial, hash, key));
        let (serial, _) = found.ok()?.remove();
        let place = queue.at_mut(serial)?;
        let waiting = place.waiting.take()?;
        self.bytes -= waiting.size();
        Some((waiting, place.expires))
    }

    /// Drops what expired at the front; what came later mostly expires later. Once most places are of
    /// ceremonies that were taken, those go as well.
    pub(super) fn sweep(&mut self, now: Instant) {
        while self.queue.places.front().is_some_and(|place| place.waiting.is_none() || place.expires <= now) {
            self.drop_oldest();
        }
        if self.queue.places.len() > 2 * self.index.len() + MOST_TAKEN {
            self.close_up();
        }
    }

    /// Makes room.
    pub(super) fn drop_oldest(&mut self) {
        let serial = self.queue.first;
        let Some(Place { hash, waiting: Some(waiting), .. }) = self.queue.pop() else { return };
        self.bytes -= waiting.size();
        if let Ok(found) = self.index.find_entry(hash, |at| *at == serial) {
            found.remove();
        }
    }

    fn close_up(&mut self) {
        let Self { index, queue, .. } = self;
        queue.places.retain(|place| place.waiting.is_some());
        index.clear();
        for (serial, place) in (queue.first..).zip(&queue.places) {
            index.insert_unique(place.hash, serial, |serial| queue.hash_at(*serial));
        }
    }
}

impl Queue {
    fn push(&mut self, place: Place) -> usize {
        self.places.push_back(place);
        self.first + self.places.len() - 1
    }

    fn pop(&mut self) -> Option<Place> {
        let oldest = self.places.pop_front()?;
        self.first += 1;
        Some(oldest)
    }

    fn at(&self, serial: usize) -> Option<&Place> {
        self.places.get(serial - self.first)
    }

    fn at_mut(&mut self, serial: usize) -> Option<&mut Place> {
        self.places.get_mut(serial - self.first)
    }

    fn hash_at(&self, serial: usize) -> u64 {
        self.places[serial - self.first].hash
    }

    fn is_at(&self, serial: usize, hash: u64, key: ChallengeKey) -> bool {
        let place = self.at(serial).filter(|place| place.hash == hash);
        place.and_then(|place| place.waiting.as_ref()).is_some_and(|waiting| waiting.key == key)
    }
}
