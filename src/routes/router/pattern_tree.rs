//! Paths with parameters, and literal paths that clients may encode differently, in a tree of segments.
//!
//! The prefix of a route is matched as it is written, the path of its dialect after decoding. A look-up visits one node
//! per segment, independent of the number of routes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::str::Split;

use smallvec::SmallVec;

use crate::provider::template::head::{Path, decoded, fits};
use crate::provider::template::placeholder::Pattern;
use crate::routes::router::candidate::Candidate;

/// Candidates by prefix and path.
#[derive(Clone, Debug, Default)]
pub(super) struct PatternTree {
    /// In the order in which they were added.
    candidates: Vec<Candidate>,
    prefixes: Prefixes,
}

#[derive(Clone, Debug, Default)]
struct Prefixes {
    children: HashMap<String, Self>,
    paths: Node,
}

/// The paths after a prefix or after the segments above.
#[derive(Clone, Debug, Default)]
struct Node {
    constants: HashMap<String, Self>,
    /// Parameters that differ in the text around them.
    parameters: Vec<(Pattern, Self)>,
    /// The candidates whose path ends here, by index.
    ends: Vec<usize>,
}

// ===== impl PatternTree =====

impl PatternTree {
    pub(super) fn add(&mut self, prefix: &str, path: &Path, candidate: &Candidate) {
        let mut at = &mut self.prefixes;
        for part in prefix.split('/') {
            at = at.children.entry(part.to_owned()).or_default();
        }
        let mut at = &mut at.paths;
        for segment in &path.segments {
            at = at.child(segment);
        }
        at.ends.push(self.candidates.len());
        self.candidates.push(candidate.clone());
    }

    /// The candidates that match a path, in the order in which they were added.
    pub(super) fn find<'p>(&'p self, path: &str, found: &mut SmallVec<[&'p Candidate; 4]>) {
        let mut ends = Vec::new();
        let mut at = &self.prefixes;
        let mut parts = path.split('/');
        while let Some(child) = parts.next().and_then(|part| at.children.get(part)) {
            child.paths.find(parts.clone(), &mut ends);
            at = child;
        }
        ends.sort_unstable();
        found.extend(ends.into_iter().map(|end| &self.candidates[end]));
    }

    /// The first added candidate for which `is_other` holds and that matches some path that this pattern matches too.
    pub(super) fn first_overlap(
        &self,
        prefix: &str,
        path: &Path,
        is_other: impl Fn(&Candidate) -> bool,
    ) -> Option<&Candidate> {
        let mut at = &self.prefixes;
        for part in prefix.split('/') {
            at = at.children.get(part)?;
        }
        let mut ends = Vec::new();
        at.paths.overlapping(&path.segments, &mut ends);
        let others = ends.into_iter().filter(|end| is_other(&self.candidates[*end]));
        others.min().map(|end| &self.candidates[end])
    }
}

// ===== impl Node =====

impl Node {
    fn child(&mut self, segment: &Pattern) -> &mut Self {
        let index = match segment {
            Pattern::Constant(text) => return self.constants.entry(text.clone()).or_default(),
            Pattern::Placeholder { .. } => {
                self.parameters.iter().position(|(known, _)| around(known) == around(segment))
            }
        };
        let index = index.unwrap_or_else(|| {
            self.parameters.push((segment.clone(), Self::default()));
            self.parameters.len() - 1
        });
        &mut self.parameters[index].1
    }

    fn find(&self, mut parts: Split<'_, char>, ends: &mut Vec<usize>) {
        let Some(part) = parts.next() else {
            ends.extend(&self.ends);
            return;
        };
        if self.constants.is_empty() && self.parameters.is_empty() {
            return;
        }
        let Some(segment) = decoded(part).filter(|segment| !is_ambiguous(segment)) else { return };
        if let Some(child) = self.constants.get(&*segment) {
            child.find(parts.clone(), ends);
        }
        for (parameter, child) in &self.parameters {
            if fits(parameter, Cow::Borrowed(&*segment)) {
                child.find(parts.clone(), ends);
            }
        }
    }

    /// The candidates whose segments are as many, and each equal or a parameter on either side.
    fn overlapping(&self, segments: &[Pattern], ends: &mut Vec<usize>) {
        let Some((segment, rest)) = segments.split_first() else {
            ends.extend(&self.ends);
            return;
        };
        match segment {
            Pattern::Constant(text) => {
                self.constants.get(text).into_iter().for_each(|child| child.overlapping(rest, ends))
            }
            Pattern::Placeholder { .. } => self.constants.values().for_each(|child| child.overlapping(rest, ends)),
        }
        self.parameters.iter().for_each(|(_, child)| child.overlapping(rest, ends));
    }
}

/// Whether another program could take a decoded segment for another path.
fn is_ambiguous(segment: &str) -> bool {
    matches!(segment, "." | "..") || segment.bytes().any(|byte| matches!(byte, b'/' | b'\0'))
}

/// The text around a parameter: two parameters with the same text match the same segments.
fn around(pattern: &Pattern) -> Option<(&str, &str)> {
    match pattern {
        Pattern::Placeholder { prefix, suffix, .. } => Some((prefix, suffix)),
        Pattern::Constant(_) => None,
    }
}
