//! A shadow: a second backend that a share of logins is also tried at, for comparison.

pub(crate) mod compare;
pub(crate) mod tally;

use crate::policy::percent::{Percent, WHOLE};

/// The shadow of a route.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shadow {
    /// The backend that is tried.
    pub(crate) backend: usize,
    /// The share of begins that are tried.
    pub(crate) percent: Percent,
    /// Concurrent calls at most.
    pub(crate) max_in_flight: usize,
    /// Waiting calls at most. Further ones are dropped and counted.
    pub(crate) max_waiting: usize,
}

impl Shadow {
    /// Whether the begin of that number is tried. Of any hundred consecutive begins, the percentage is tried.
    pub(crate) fn is_due(&self, begin: u64) -> bool {
        let parts = u64::from(self.percent.parts());
        let so_far = |begins: u64| begins.wrapping_mul(parts) / u64::from(WHOLE);
        so_far(begin.wrapping_add(1)) != so_far(begin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentage_of_every_hundred_begins_is_tried() {
        for (percent, wanted) in [("0", 0), ("1", 1), ("12.5", 12), ("33.33", 33), ("100", 100)] {
            let percent = serde_json::from_str(percent).unwrap();
            let shadow = Shadow { backend: 1, percent, max_in_flight: 1, max_waiting: 0 };
            assert_eq!((0..100).filter(|begin| shadow.is_due(*begin)).count(), wanted, "{percent}");
        }
    }
}
