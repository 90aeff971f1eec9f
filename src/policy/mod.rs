//! Policies: which of a route's backends serves a request, and why.
//!
//! A policy decides by the request and the config, so that every replica decides alike. It performs no I/O: a
//! gateway step queries the directory and passes the result in. The policy does not decide a finish, which always uses
//! the upstream that began the ceremony. Start with [`Policy::select`].

mod cookie;
pub mod decision;
pub(crate) mod describe;
pub(crate) mod fallback;
pub mod percent;
pub(crate) mod pinned;
pub(crate) mod request_facts;
pub(crate) mod rules;
pub(crate) mod selection;
pub mod settings;
pub(crate) mod shadow;
pub(crate) mod split;

use crate::policy::decision::Reason;
use crate::policy::fallback::Fallback;
use crate::policy::pinned::PinnedUsers;
use crate::policy::request_facts::RequestFacts;
use crate::policy::rules::Rule;
use crate::policy::selection::Selection;
use crate::policy::shadow::Shadow;
use crate::policy::split::Split;

/// How a route chooses among its backends. A backend is named by its place in the route.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) pinned: PinnedUsers,
    pub(crate) rules: Vec<Rule>,
    pub(crate) split: Option<Split>,
    pub(crate) fallback: Option<Fallback>,
    pub(crate) shadow: Option<Shadow>,
    /// Whether responses carry the decision in header fields.
    pub(crate) adds_decision_headers: bool,
}

impl Policy {
    /// Selects the backend of a request without a ceremony or token of one backend: by a pinned user, else a rule,
    /// else the split, else the route's own.
    pub(crate) fn select(&self, facts: &RequestFacts<'_, '_>) -> Selection {
        if let Some(backend) = self.pinned.find(facts) {
            return Selection::new(backend, Reason::List);
        }
        if let Some(rule) = self.rules.iter().find(|rule| rule.holds(facts)) {
            return Selection::new(rule.backend, Reason::Rule(rule.name.clone()));
        }
        let assigned = self.split.as_ref().and_then(|split| split.assign(facts));
        assigned.unwrap_or_else(|| Selection::new(0, Reason::Default))
    }
}
