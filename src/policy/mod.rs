//! Which of its upstreams a route sends a request to, and why.
//!
//! A policy is asked once a request was recognised and its caller let in. It decides by what the request
//! says and by nothing that changes on its own, so that every replica decides alike. A finish is not its
//! business: that goes to whoever began.

mod cookie;
pub mod decision;
pub(crate) mod fallback;
mod keywords;
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
use crate::policy::pinned::Lists;
use crate::policy::rules::Rule;
use crate::policy::shadow::Shadow;
use crate::policy::split::Split;
use crate::routes::Route;

/// The ways of a route beside its own, and who takes which. A way is one upstream, with the proof that
/// the dialect and it fit; the route itself is way 0, and the others follow.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) ways: Vec<Route>,
    pub(crate) lists: Lists,
    pub(crate) rules: Vec<Rule>,
    pub(crate) split: Option<Split>,
    pub(crate) fallback: Option<Fallback>,
    pub(crate) shadow: Option<Shadow>,
    /// Whether answers tell the decision.
    pub(crate) tells: bool,
}

/// What a request says to whoever decides.
pub(crate) struct Asking<'a, 'r> {
    pub(crate) record: &'a dyn Record<'r>,
    /// What its caller's verified token says, which stands before what the request says.
    pub(crate) claims: &'a [(Member, Value<'static>)],
    pub(crate) fields: &'a HeaderMap,
    pub(crate) is_begin: bool,
}

/// A way, and why it is taken.
#[derive(Debug)]
pub(crate) struct Pick {
    pub(crate) way: usize,
    pub(crate) reason: Reason,
    /// Whether it is taken only for a user whom the upstream there could verify.
    pub(crate) if_proven: bool,
    /// By which the caller is known again.
    pub(crate) cookie: Option<HeaderValue>,
}

// ===== impl Policy =====

impl Policy {
    /// The way of a request that no ceremony and no token ties to one: the first that says something of a
    /// list, a rule, the split, else the route's own.
    pub(crate) fn pick(&self, asking: &Asking<'_, '_>) -> Pick {
        if let Some(way) = self.lists.find(asking) {
            return Pick::new(way, Reason::List);
        }
        if let Some(rule) = self.rules.iter().find(|rule| rule.holds(asking)) {
            return Pick::new(rule.way, Reason::Rule(rule.name.clone()));
        }
        let dealt = self.split.as_ref().and_then(|split| split.assign(asking));
        dealt.unwrap_or_else(|| Pick::new(0, Reason::Default))
    }
}

impl Pick {
    pub(crate) fn new(way: usize, reason: Reason) -> Self {
        Self { way, reason, if_proven: false, cookie: None }
    }
}

// ===== impl Asking =====

impl Asking<'_, '_> {
    /// What is said of a member.
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
