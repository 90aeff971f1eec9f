//! How many ceremonies each client holds, so that one client cannot use up the store.
//!
//! A client may hold at most as many ceremonies as there are free places: a single one gets half of the store, and
//! another client always finds a place. No ceremony is evicted for a new one.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::base::keyed_counts::KeyedCounts;

/// A client and the user it names, each as a keyed hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// The client's address or credential. `None` if it is exempt from limits.
    pub client: Option<NonZeroU64>,
    /// The named user together with the client's address. `None` if the limits by client are only observed.
    pub user: Option<NonZeroU64>,
}

/// Why a ceremony was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStored {
    /// The challenge is present already: two ceremonies with one challenge could not be distinguished.
    ChallengeInUse,
    /// The store has no free place.
    Full,
    /// The client holds as many ceremonies as it may.
    ClientLimit,
    /// The client holds as many ceremonies for the user as it may.
    UserLimit,
}

/// The ceremonies of all clients.
#[derive(Debug)]
pub(super) struct Holders {
    counts: KeyedCounts,
    held: AtomicUsize,
    max_entries: usize,
    max_per_client: usize,
    max_per_user: usize,
}

impl Holders {
    /// A limit of 0 is none.
    pub(super) fn new(max_entries: usize, max_per_client: usize, max_per_user: usize) -> Self {
        let or_none = |limit| if limit == 0 { usize::MAX } else { limit };
        Self {
            counts: KeyedCounts::default(),
            held: AtomicUsize::new(0),
            max_entries,
            max_per_client: or_none(max_per_client),
            max_per_user: or_none(max_per_user),
        }
    }

    /// How many ceremonies all clients hold.
    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Counts a ceremony.
    pub(super) fn add(&self, holder: Holder) -> Result<(), NotStored> {
        // Relaxed: a few ceremonies too many that other workers store at the same time do no harm.
        let free = self.max_entries.saturating_sub(self.held.load(Ordering::Relaxed));
        if free == 0 {
            return Err(NotStored::Full);
        }
        if let Some(client) = holder.client
            && !self.counts.add(client.get(), self.max_per_client.min(free))
        {
            return Err(NotStored::ClientLimit);
        }
        if let Some(user) = holder.user
            && !self.counts.add(user.get(), self.max_per_user)
        {
            holder.client.inspect(|client| self.counts.remove(client.get()));
            return Err(NotStored::UserLimit);
        }
        self.held.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Uncounts a ceremony.
    pub(super) fn remove(&self, holder: Holder) {
        [holder.client, holder.user].into_iter().flatten().for_each(|key| self.counts.remove(key.get()));
        self.held.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(client: u64, user: u64) -> Holder {
        Holder { client: NonZeroU64::new(client), user: NonZeroU64::new(user) }
    }

    #[test]
    fn a_client_holds_at_most_half_of_the_store_and_others_find_a_place() {
        let holders = Holders::new(100, 0, 0);
        let stored = (0..100).take_while(|_| holders.add(holder(1, 0)).is_ok()).count();
        assert_eq!(stored, 50);
        assert_eq!(holders.add(holder(1, 0)), Err(NotStored::ClientLimit));
        for other in 2..=51 {
            assert_eq!(holders.add(holder(other, 0)), Ok(()), "{other}");
        }
        assert_eq!(holders.add(holder(99, 0)), Err(NotStored::Full));
        holders.remove(holder(1, 0));
        assert_eq!(holders.add(holder(99, 0)), Ok(()));
    }

    #[test]
    fn a_user_is_limited_for_each_client_and_a_refused_ceremony_is_not_counted() {
        let holders = Holders::new(100, 3, 2);
        assert_eq!((holders.add(holder(1, 7)), holders.add(holder(1, 7))), (Ok(()), Ok(())));
        assert_eq!(holders.add(holder(1, 7)), Err(NotStored::UserLimit));
        assert_eq!(holders.add(holder(2, 8)), Ok(()));
        assert_eq!(holders.add(holder(1, 9)), Ok(()), "the refused ceremony does not count");
        assert_eq!(holders.add(holder(1, 10)), Err(NotStored::ClientLimit));
        for held in [holder(1, 7), holder(1, 7), holder(1, 9), holder(2, 8)] {
            holders.remove(held);
        }
        assert_eq!(holders.held(), 0);
        assert_eq!(holders.add(holder(1, 7)), Ok(()));
    }
}
