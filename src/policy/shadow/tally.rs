//! What shadows came to: counts, and the members that differed, each with how often. No value is kept.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::model::fault::Fault;
use crate::policy::shadow::compare::Difference;

/// The counts of one route's shadow. They go on over a change of the config.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    same: u64,
    different: u64,
    dropped: u64,
    refused: BTreeMap<&'static str, u64>,
    differences: BTreeMap<Difference, u64>,
}

/// The counts, for people and their machines.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    route: String,
    upstream: String,
    /// Answers that were the same, and that were not.
    same: u64,
    different: u64,
    /// Begins for which there was no room.
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

impl Tally {
    /// Notes a comparison. Returns the differences that were never seen before.
    pub(super) fn note(&self, refused: Option<Fault>, differences: &[Difference]) -> Vec<Difference> {
        let mut counts = self.counts();
        if let Some(fault) = refused {
            *counts.refused.entry(fault.name()).or_default() += 1;
        }
        match differences.is_empty() {
            true => counts.same += 1,
            false => counts.different += 1,
        }
        let mut unheard = Vec::new();
        for difference in differences {
            let count = counts.differences.entry(*difference).or_default();
            *count += 1;
            if *count == 1 {
                unheard.push(*difference);
            }
        }
        unheard
    }

    pub(super) fn dropped(&self) {
        self.counts().dropped += 1;
    }

    /// The counts so far, the most frequent difference first.
    pub(crate) fn report(&self, route: &str, upstream: &str) -> Report {
        let counts = self.counts();
        let counted = |(difference, count): (&Difference, &u64)| Counted {
            member: difference.path(),
            kind: difference.kind.name(),
            count: *count,
        };
        let mut differences: Vec<_> = counts.differences.iter().map(counted).collect();
        differences.sort_by_key(|one| std::cmp::Reverse(one.count));
        Report {
            route: route.to_owned(),
            upstream: upstream.to_owned(),
            same: counts.same,
            different: counts.different,
            dropped: counts.dropped,
            refused: counts.refused.clone(),
            differences,
        }
    }

    /// How often it came to what.
    pub(crate) fn outcomes(&self) -> [(&'static str, u64); 3] {
        let counts = self.counts();
        [("same", counts.same), ("different", counts.different), ("dropped", counts.dropped)]
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
