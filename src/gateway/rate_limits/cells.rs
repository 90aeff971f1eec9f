//! The state of a rate limit in bounded memory: a count-min sketch of arrival times.
//!
//! Each key has two cells, of which the lower one counts. A client is refused early only if both cells of its key are
//! shared with clients over their limit. The keys are hashed with a secret of the process, so that a client cannot choose
//! a key that shares the cells of another one. There is no lock, nothing to evict, and nothing to clean up.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use governor::nanos::Nanos;
use governor::state::StateStore;

/// Cells that are allocated together, when the first of them is used: 4 KiB.
const CELLS_OF_CHUNK: usize = 512;

/// Cells by hashed key. 0 is a cell that was never used.
#[derive(Debug)]
pub(super) struct Cells {
    chunks: Box<[OnceLock<Box<[AtomicU64]>>]>,
}

impl Cells {
    /// At most `count` cells of 8 bytes, a power of two of at least 512.
    pub(super) fn new(count: usize) -> Self {
        debug_assert!(count.is_power_of_two() && count >= CELLS_OF_CHUNK, "the cells are selected by bits");
        Self { chunks: (0..count / CELLS_OF_CHUNK).map(|_| OnceLock::new()).collect() }
    }

    fn cell(&self, hash: u64) -> &AtomicU64 {
        let hash = usize::try_from(hash & u64::from(u32::MAX)).unwrap_or_default();
        let chunk = &self.chunks[(hash / CELLS_OF_CHUNK) & (self.chunks.len() - 1)];
        let cells = chunk.get_or_init(|| (0..CELLS_OF_CHUNK).map(|_| AtomicU64::new(0)).collect());
        &cells[hash % CELLS_OF_CHUNK]
    }
}

impl StateStore for Cells {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        // Relaxed: the cells guard no other memory. A request that comes between the two updates of another one misses
        // its count, which admits one request too many.
        let (one, two) = (self.cell(*key), self.cell(*key >> 32));
        loop {
            let (first, second) = (one.load(Ordering::Relaxed), two.load(Ordering::Relaxed));
            let (lower, other, time) = if first <= second { (one, two, first) } else { (two, one, second) };
            let (decision, next) = decide((time != 0).then(|| Nanos::new(time)))?;
            let next = next.as_u64();
            if lower.compare_exchange_weak(time, next, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                other.fetch_max(next, Ordering::Relaxed);
                return Ok(decision);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher as _, RandomState};
    use std::num::NonZeroU32;

    use governor::clock::FakeRelativeClock;
    use governor::middleware::NoOpMiddleware;
    use governor::{Quota, RateLimiter};

    use super::*;

    type Limiter = RateLimiter<u64, Cells, FakeRelativeClock, NoOpMiddleware<Nanos>>;

    #[test]
    fn clients_over_their_limit_do_not_use_up_the_limit_of_others() {
        let quota = Quota::per_minute(NonZeroU32::new(10).unwrap());
        let limiter = Limiter::new(quota, Cells::new(1 << 19), FakeRelativeClock::default());
        let hasher = RandomState::new();
        for noisy in 0..2_000 {
            let key = hasher.hash_one(("noisy", noisy));
            let admitted = (0..20).filter(|_| limiter.check_key(&key).is_ok()).count();
            assert!(admitted <= 10, "{admitted}");
        }
        let polite = (0..1_000).map(|one| hasher.hash_one(("polite", one)));
        let refused = polite.filter(|key| limiter.check_key(key).is_err()).count();
        assert!(refused <= 5, "{refused}"); // one in 17,000 is expected
    }

    #[test]
    fn a_million_addresses_take_four_mebibytes() {
        let cells = Cells::new(1 << 19);
        let hasher = RandomState::new();
        for address in 0..1_000_000 {
            let decide = |_| Ok::<_, ()>(((), Nanos::new(1)));
            cells.measure_and_replace(&hasher.hash_one(address), decide).unwrap();
        }
        let chunks = cells.chunks.iter().filter(|chunk| chunk.get().is_some()).count();
        assert!(chunks * CELLS_OF_CHUNK * size_of::<AtomicU64>() <= 4 << 20);
    }

    #[test]
    fn threads_admit_about_the_burst() {
        let quota = Quota::per_minute(NonZeroU32::new(1_000).unwrap());
        let limiter = Limiter::new(quota, Cells::new(512), FakeRelativeClock::default());
        let admitted: usize = std::thread::scope(|scope| {
            let threads =
                [(); 4].map(|()| scope.spawn(|| (0..1_000).filter(|_| limiter.check_key(&7).is_ok()).count()));
            threads.map(|thread| thread.join().unwrap()).into_iter().sum()
        });
        assert!((1_000..1_050).contains(&admitted), "{admitted}");
    }
}
