//! Policies: which of a route's backends serves a request, and why.
//!
//! A policy decides by what the request says and by the config, so that every replica decides alike. It performs no
//! I/O: a gateway step asks the directory and passes the answer in. A finish is not decided here; it goes to the
//! upstream that began the ceremony. Start with [`Policy::select`].

mod cookie;
pub mod decision;
pub(crate) mod describe;
pub(crate) mod fallback;
pub mod percent;
pub(crate) mod pinned;
pub(crate) mod rules;
pub mod settings;
pub(crate) mod shadow;
pub(crate) mod split;

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue};

use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::Value;
use crate::policy::decision::Reason;
use crate::policy::fallback::Fallback;
use crate::policy::pinned::PinnedUsers;
use crate::policy::rules::Rule;
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

/// What a policy can see of a request.
pub(crate) struct RequestFacts<'a, 'r> {
    pub(crate) record: &'a dyn Record<'r>,
    /// The claims of the caller's verified token. They take precedence over the request.
    pub(crate) claims: &'a [(Member, Value<'static>)],
    pub(crate) fields: &'a HeaderMap,
    pub(crate) is_begin: bool,
}

/// A backend, and why it was selected.
#[derive(Debug)]
pub(crate) struct Selection {
    pub(crate) backend: usize,
    pub(crate) reason: Reason,
    /// Whether it holds only for a user whose passkeys the upstream there can verify.
    pub(crate) if_proven: bool,
    /// The cookie that identifies the browser from now on.
    pub(crate) cookie: Option<HeaderValue>,
}

// ===== impl Policy =====

impl Policy {
    /// Selects the backend of a request that no ceremony and no token ties to one: by a pinned user, else a rule,
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

impl Selection {
    pub(crate) fn new(backend: usize, reason: Reason) -> Self {
        Self { backend, reason, if_proven: false, cookie: None }
    }
}

// ===== impl RequestFacts =====

impl RequestFacts<'_, '_> {
    /// The text of a member.
    pub(crate) fn text(&self, member: Member) -> Option<Cow<'_, str>> {
        let claimed = self.claims.iter().find_map(|(known, value)| match value {
            Value::Text(text) if *known == member => Some(Cow::Borrowed(text.as_ref())),
            _ => None,
        });
        claimed.or_else(|| match self.record.value(member)? {
            Value::Text(text) => Some(text),
            _ => None,
        })
    }
}
