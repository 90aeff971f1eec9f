//! Counts of a shadow's outcomes, and of the members that differed. No value is kept.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::model::fault::Fault;
use crate::policy::shadow::compare::Difference;

/// The counts of one route's shadow. They continue when the config is reloaded.
#[derive(Debug, Default)]
pub(crate) struct ShadowTally(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    same: u64,
    different: u64,
    dropped: u64,
    refused: BTreeMap<&'static str, u64>,
    differences: BTreeMap<Difference, u64>,
}

/// The counts as `/shadow` of the admin listener shows them.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ShadowReport {
    route: String,
    upstream: String,
    /// Responses that were the same, and that were not.
    same: u64,
    different: u64,
    /// Begins that were dropped because the queue was full.
    dropped: u64,
    /// The shadow's refusals, by fault.
    refused: BTreeMap<&'static str, u64>,
    differences: Vec<Counted>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Counted {
    member: String,
    kind: &'static str,
    count: u64,
}

// ===== impl Tally =====

impl ShadowTally {
    /// Counts a comparison. Returns the differences that are new.
    pub(crate) fn count(&self, refused: Option<Fault>, differences: &[Difference]) -> Vec<Difference> {
        let mut counts = self.counts();
        if let Some(fault) = refused {
            *counts.refused.entry(fault.name()).or_default() += 1;
        }
        match differences.is_empty() {
            true => counts.same += 1,
            false => counts.different += 1,
        }
        let mut new = Vec::new();
        for difference in differences {
            let count = counts.differences.entry(*difference).or_default();
            *count += 1;
            if *count == 1 {
                new.push(*difference);
            }
        }
        new
    }

    pub(crate) fn count_dropped(&self) {
        self.counts().dropped += 1;
    }

    /// The counts, the most frequent difference first.
    pub(crate) fn report(&self, route: &str, upstream: &str) -> ShadowReport {
        let counts = self.counts();
        let counted = |(difference, count): (&Difference, &u64)| Counted {
            member: difference.path(),
            kind: difference.kind.name(),
            count: *count,
        };
        let mut differences: Vec<_> = counts.differences.iter().map(counted).collect();
        differences.sort_by_key(|one| std::cmp::Reverse(one.count));
        ShadowReport {
            route: route.to_owned(),
            upstream: upstream.to_owned(),
            same: counts.same,
            different: counts.different,
            dropped: counts.dropped,
            refused: counts.refused.clone(),
            differences,
        }
    }

    /// How often each outcome occurred.
    pub(crate) fn outcomes(&self) -> [(&'static str, u64); 3] {
        let counts = self.counts();
        [("same", counts.same), ("different", counts.different), ("dropped", counts.dropped)]
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
