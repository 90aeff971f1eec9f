//! The paths that no table of whole paths finds, by their segments: those with holes, and those
//! whose literals clients may encode in another way.
//!
//! First the prefix of a route, segment by segment as it is written, then the path of its dialect,
//! decoded. So a look-up costs what its path has segments, and never more than a dialect's paths
//! have; how many routes there are counts for nothing.

use std::borrow::Cow;
use std::collections::HashMap;
use std::str::Split;

use smallvec::SmallVec;

use crate::provider::template::head::{Path, decoded, fits};
use crate::provider::template::hole::Pattern;
use crate::routes::router::Candidate;

/// Candidates by prefix and path.
#[derive(Clone, Debug, Default)]
pub(super) struct PatternTree {
    /// In the order they came.
    candidates: Vec<Candidate>,
    prefixes: Prefixes,
}

#[derive(Clone, Debug, Default)]
struct Prefixes {
    below: HashMap<String, Self>,
    forms: Forms,
}

/// The paths below a prefix, or below the segments before.
#[derive(Clone, Debug, Default)]
struct Forms {
    constants: HashMap<String, Self>,
    /// Holes that differ in the text around them: a few, however many routes there are.
    holes: Vec<(Pattern, Self)>,
    /// The candidates whose path ends here, by their places.
    ends: Vec<usize>,
}

// ===== impl Holed =====

impl PatternTree {
    pub(super) fn add(&mut self, prefix: &str, path: &Path, candidate: &Candidate) {
        let mut at = &mut self.prefixes;
        for part in prefix.split('/') {
            at = at.below.entry(part.to_owned()).or_default();
        }
        let mut at = &mut at.forms;
        for segment in &path.segments {
            at = at.below(segment);
        }
        at.ends.push(self.candidates.len());
        self.candidates.push(candidate.clone());
    }

    /// The candidates whose path this is, in the order they came.
    pub(super) fn find<'p>(&'p self, path: &str, found: &mut SmallVec<[&'p Candidate; 4]>) {
        let mut ends = Vec::new();
        let mut at = &self.prefixes;
        let mut parts = path.split('/');
        while let Some(below) = parts.next().and_then(|part| at.below.get(part)) {
            below.forms.find(parts.clone(), &mut ends);
            at = below;
        }
        ends.sort_unstable();
        found.extend(ends.into_iter().map(|end| &self.candidates[end]));
    }

    /// The first that came of those that answer some path together with this one, and for which
    /// `is_other` holds.
    pub(super) fn first_like(
        &self,
        prefix: &str,
        path: &Path,
        is_other: impl Fn(&Candidate) -> bool,
    ) -> Option<&Candidate> {
        let mut at = &self.prefixes;
        for part in prefix.split('/') {
            at = at.below.get(part)?;
        }
        let mut ends = Vec::new();
        at.forms.like(&path.segments, &mut ends);
        let others = ends.into_iter().filter(|end| is_other(&self.candidates[*end]));
        others.min().map(|end| &self.candidates[end])
    }
}

// ===== impl Forms =====

impl Forms {
    fn below(&mut self, segment: &Pattern) -> &mut Self {
        let place = match segment {
            Pattern::Constant(text) => return self.constants.entry(text.clone()).or_default(),
            Pattern::Hole { .. } => self.holes.iter().position(|(known, _)| is_like(known, segment)),
        };
        let place = place.unwrap_or_else(|| {
            self.holes.push((segment.clone(), Self::default()));
            self.holes.len() - 1
        });
        &mut self.holes[place].1
    }

    fn find(&self, mut parts: Split<'_, char>, ends: &mut Vec<usize>) {
        let Some(part) = parts.next() else {
            ends.extend(&self.ends);
            return;
        };
        if self.constants.is_empty() && self.holes.is_empty() {
            return;
        }
        let Some(segment) = decoded(part) else { return };
        if let Some(below) = self.constants.get(&*segment) {
            below.find(parts.clone(), ends);
        }
        for (hole, below) in &self.holes {
            if fits(hole, Cow::Borrowed(&*segment)) {
                below.find(parts.clone(), ends);
            }
        }
    }

    /// Those of as many segments, each of which is the same or a hole on either side.
    fn like(&self, segments: &[Pattern], ends: &mut Vec<usize>) {
        let Some((segment, rest)) = segments.split_first() else {
            ends.extend(&self.ends);
            return;
        };
        match segment {
            Pattern::Constant(text) => self.constants.get(text).into_iter().for_each(|below| below.like(rest, ends)),
            Pattern::Hole { .. } => self.constants.values().for_each(|below| below.like(rest, ends)),
        }
        self.holes.iter().for_each(|(_, below)| below.like(rest, ends));
    }
}

/// Whether two holes take the same segments, whatever they are for.
fn is_like(one: &Pattern, two: &Pattern) -> bool {
    around(one) == around(two)
}

fn around(pattern: &Pattern) -> Option<(&str, &str)> {
    match pattern {
        Pattern::Hole { prefix, suffix, .. } => Some((prefix, suffix)),
        Pattern::Constant(_) => None,
    }
}
