//! Rate limits: how many requests one client may send. Each client has a limit of its own, so that one cannot use up
//! another's.
//!
//! The limits are checked by the step [`limit_rate`](crate::gateway::steps::limit_rate). This module knows no requests:
//! it counts keys. Start with [`RateLimits`].

mod cells;
pub mod settings;

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::num::NonZeroU32;

use governor::clock::{Clock as _, MonotonicClock};
use governor::{Quota, RateLimiter};

use crate::gateway::rate_limits::cells::Cells;
use crate::gateway::rate_limits::settings::{PerMinute, RateSettings};
use crate::model::operation::Operation;

/// The cells of a limit by address, and of any other limit: together at most 14 MiB.
const ADDRESS_CELLS: usize = 1 << 19;
const OTHER_CELLS: usize = 1 << 16;

/// The rate limits of a config, shared by all workers.
#[derive(Debug)]
pub struct RateLimits {
    hasher: RandomState,
    pub(crate) address: RateLimit,
    pub(crate) user_and_address: RateLimit,
    pub(crate) credential: RateLimit,
    operations: [RateLimit; Operation::ALL.len()],
}

/// One limit.
#[derive(Debug)]
pub(crate) struct RateLimit {
    /// Its name in the config, in metrics and in the log.
    pub(crate) name: &'static str,
    limiter: Option<RateLimiter<u64, Cells, MonotonicClock>>,
}

/// A limit is exceeded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Exceeded {
    /// The name of the limit.
    pub(crate) limit: &'static str,
    /// The number of seconds after which to retry.
    pub(crate) retry_after: i64,
}

// ===== impl RateLimits =====

impl RateLimits {
    /// The limits of a config. Names that are no operation are ignored, because the config reports them.
    pub fn new(settings: &RateSettings) -> Self {
        let of = |operation: Operation| settings.operations.get(operation.name()).copied();
        Self {
            hasher: RandomState::new(),
            address: RateLimit::new("address", Some(settings.address), ADDRESS_CELLS),
            user_and_address: RateLimit::new("user_and_address", Some(settings.user_and_address), ADDRESS_CELLS),
            credential: RateLimit::new("credential", Some(settings.credential), OTHER_CELLS),
            operations: Operation::ALL.map(|operation| RateLimit::new("operation", of(operation), OTHER_CELLS)),
        }
    }

    /// The limit of an operation.
    pub(crate) fn operation(&self, operation: Operation) -> &RateLimit {
        &self.operations[operation as usize]
    }

    /// The keyed hash of what identifies a client.
    pub(crate) fn hash(&self, key: impl Hash) -> u64 {
        self.hasher.hash_one(key)
    }

    /// Counts a request.
    ///
    /// # Errors
    /// When the key is over the limit.
    pub(crate) fn check(&self, limit: &RateLimit, key: impl Hash) -> Result<(), Exceeded> {
        let Some(limiter) = &limit.limiter else { return Ok(()) };
        limiter.check_key(&self.hasher.hash_one(key)).map_err(|until| {
            let wait = until.wait_time_from(limiter.clock().now());
            let seconds = i64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(i64::MAX);
            Exceeded { limit: limit.name, retry_after: seconds.max(1) }
        })
    }
}

// ===== impl RateLimit =====

impl RateLimit {
    fn new(name: &'static str, rate: Option<PerMinute>, cells: usize) -> Self {
        let rate = rate.and_then(|rate| NonZeroU32::new(u32::try_from(rate.get()).unwrap_or(u32::MAX)));
        let limiter = |rate| RateLimiter::new(Quota::per_minute(rate), Cells::new(cells), MonotonicClock);
        Self { name, limiter: rate.map(limiter) }
    }

    /// Whether there is a limit.
    pub(crate) fn is_on(&self) -> bool {
        self.limiter.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_limit_and_0_is_none() {
        let two = RateSettings { address: PerMinute::nearest(2), ..RateSettings::default() };
        let limits = RateLimits::new(&two);
        let check = |address: &str| limits.check(&limits.address, address);
        assert_eq!((check("192.0.2.1"), check("192.0.2.1")), (Ok(()), Ok(())));
        assert_eq!(check("192.0.2.1"), Err(Exceeded { limit: "address", retry_after: 30 }));
        assert_eq!(check("192.0.2.2"), Ok(()));
        assert!(!limits.credential.is_on());
        assert!((0..1000).all(|_| limits.check(&limits.credential, "key").is_ok()));
    }
}
