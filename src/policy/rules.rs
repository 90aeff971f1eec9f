//! A rule that sends requests elsewhere by what they say. A request that says nothing of what a rule asks
//! for is not meant by it.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};

use crate::model::member::Member;
use crate::policy::Asking;

/// A rule.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Its name in the config.
    pub(crate) name: Arc<str>,
    /// Where whomever it means goes.
    pub(crate) way: usize,
    /// What must hold, all of it.
    pub(crate) conditions: Vec<Condition>,
}

/// One thing that must hold.
#[derive(Debug)]
pub(crate) enum Condition {
    /// A member has one of these values.
    Member(Member, Vec<String>),
    /// A header field has one of these values.
    Field(HeaderName, Vec<HeaderValue>),
}

impl Rule {
    /// Whether a request is meant.
    pub(crate) fn holds(&self, asking: &Asking<'_, '_>) -> bool {
        self.conditions.iter().all(|condition| match condition {
            Condition::Member(member, values) => asking.text(*member).is_some_and(|text| has(*member, values, &text)),
            Condition::Field(name, values) => asking.fields.get_all(name).iter().any(|value| values.contains(value)),
        })
    }
}

/// E-mail addresses and domains are compared without case, everything else byte for byte.
fn has(member: Member, values: &[String], text: &str) -> bool {
    match member {
        Member::UserEmail | Member::RpId => values.iter().any(|value| value.eq_ignore_ascii_case(text)),
        _ => values.iter().any(|value| value == text),
    }
}
