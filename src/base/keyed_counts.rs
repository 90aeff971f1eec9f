//! How many of something each key has, such as connections of an address.
//!
//! The keys are hashes, keyed with a secret of the process if others can choose what is hashed. Sixteen shards keep the
//! cores from waiting for each other.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::HashTable;

const SHARDS: usize = 16;
/// The capacity of a shard that is kept when it empties.
const MIN_CAPACITY: usize = 64;

/// Counts by key. A key without a count takes no memory.
#[derive(Debug, Default)]
pub(crate) struct KeyedCounts([Mutex<HashTable<Count>>; SHARDS]);

#[derive(Debug)]
struct Count {
    key: u64,
    count: u32,
}

impl KeyedCounts {
    /// Counts one more, unless the key has `limit` already.
    pub(crate) fn add(&self, key: u64, limit: usize) -> bool {
        let mut counts = self.shard(key);
        match counts.find_mut(key, |found| found.key == key) {
            Some(found) if found.count as usize >= limit => false,
            Some(found) => {
                found.count += 1;
                true
            }
            None if limit == 0 => false,
            None => {
                counts.insert_unique(key, Count { key, count: 1 }, |count| count.key);
                true
            }
        }
    }

    /// Counts one less.
    pub(crate) fn remove(&self, key: u64) {
        let mut counts = self.shard(key);
        let Ok(mut found) = counts.find_entry(key, |found| found.key == key) else { return };
        found.get_mut().count -= 1;
        if found.get().count == 0 {
            found.remove();
            if counts.capacity() > MIN_CAPACITY && counts.len() * 4 < counts.capacity() {
                counts.shrink_to(0, |count| count.key);
            }
        }
    }

    /// No code panics while it holds the lock, so a poisoned shard is still valid.
    fn shard(&self, key: u64) -> MutexGuard<'_, HashTable<Count>> {
        // These bits are not used by the table.
        let shard = &self.0[(key >> 32) as usize % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_count_up_to_the_limit() {
        let counts = KeyedCounts::default();
        assert_eq!([(); 3].map(|()| counts.add(7, 2)), [true, true, false]);
        assert!(counts.add(8, 2));
        assert!(!counts.add(9, 0));
        counts.remove(7);
        assert!(counts.add(7, 2));
        for key in [7, 7, 8] {
            counts.remove(key);
        }
        counts.remove(8);
        assert!(counts.0.iter().all(|shard| shard.lock().unwrap().is_empty()));
    }
}
