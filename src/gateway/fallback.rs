//! Fallback: the begin of a login is tried at the next backend, before the caller has seen a challenge.
//!
//! Each backend is tried at most once, all of them within one deadline.

use tokio::time::Instant;

use crate::gateway::runtime::Runtime;
use crate::model::fault::{Fault, Refusal};
use crate::policy::fallback::{Fallback, most_telling};
use crate::routes::route::{Backend, Route};

/// The attempts of one begin.
pub(crate) struct FallbackAttempts<'a> {
    route: &'a Route,
    fallback: &'a Fallback,
    /// The backends in the order in which they are tried.
    backends: Vec<&'a Backend>,
    /// When all attempts must be done.
    pub(crate) deadline: Instant,
    /// The refusals of the backends so far.
    refusals: Vec<Refusal>,
}

/// The next attempt.
pub(crate) struct NextAttempt<'a> {
    pub(crate) backend: &'a Backend,
    pub(crate) is_first: bool,
    /// Whether an unknown user may get a decoy: no further backend could know the user.
    pub(crate) may_answer_with_decoy: bool,
}

impl<'a> FallbackAttempts<'a> {
    /// Attempts at the selected backend, then at those of the fallback.
    pub(crate) fn new(route: &'a Route, fallback: &'a Fallback, selected: usize) -> Self {
        let others = fallback.to.iter().filter(|backend| **backend != selected);
        let backends = std::iter::once(&selected).chain(others).map(|backend| &route.backends[*backend]).collect();
        let deadline = Instant::now() + fallback.deadline;
        Self { route, fallback, backends, deadline, refusals: Vec::new() }
    }

    /// The next attempt. `None` if all failed, or the last refusal does not start the fallback.
    pub(crate) fn next(&self) -> Option<NextAttempt<'a>> {
        let continues = |refusal: &Refusal| self.fallback.on.contains(&refusal.fault) && Instant::now() < self.deadline;
        if self.refusals.last().is_some_and(|refusal| !continues(refusal)) {
            return None;
        }
        let index = self.refusals.len();
        let backend = *self.backends.get(index)?;
        let is_unknown_so_far = self.refusals.iter().all(|refusal| refusal.fault == Fault::UnknownUser);
        let is_last = index + 1 == self.backends.len() || !self.fallback.on.contains(&Fault::UnknownUser);
        Some(NextAttempt { backend, is_first: index == 0, may_answer_with_decoy: is_last && is_unknown_so_far })
    }

    /// Notes that a backend refused the begin.
    pub(crate) fn failed(&mut self, runtime: &Runtime, backend: &Backend, refusal: Refusal) {
        let upstream = &*runtime.config.plan.upstreams[backend.upstream].name;
        let (fault, reason) = (refusal.fault.name(), &*refusal.reason);
        tracing::info!(route = &*self.route.name, upstream, fault, reason, "begin failed at a backend");
        self.refusals.push(refusal);
    }

    /// The refusal to answer with after all attempts.
    pub(crate) fn into_refusal(self) -> Refusal {
        most_telling(self.refusals)
    }
}
