//! A rule that selects a backend by members and a header field. It never matches a request that lacks one of them.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};

use crate::model::member::Member;
use crate::policy::request_facts::RequestFacts;

/// A rule.
#[derive(Debug)]
pub(crate) struct Rule {
    /// Its name in the config.
    pub(crate) name: Arc<str>,
    /// The backend of the requests that it applies to.
    pub(crate) backend: usize,
    /// Conditions, all of which must match.
    pub(crate) conditions: Vec<Condition>,
}

/// A condition.
#[derive(Debug)]
pub(crate) enum Condition {
    /// A member has one of these values.
    Member(Member, Vec<String>),
    /// A header field has one of these values.
    Field(HeaderName, Vec<HeaderValue>),
}

impl Rule {
    /// Whether it matches a request.
    pub(crate) fn holds(&self, facts: &RequestFacts<'_, '_>) -> bool {
        self.conditions.iter().all(|condition| match condition {
            Condition::Member(member, values) => facts.text(*member).is_some_and(|text| has(*member, values, &text)),
            Condition::Field(name, values) => facts.fields.get_all(name).iter().any(|value| values.contains(value)),
        })
    }
}

/// E-mail addresses and domains compare case-insensitively, everything else byte for byte.
fn has(member: Member, values: &[String], text: &str) -> bool {
    match member {
        Member::UserEmail | Member::RpId => values.iter().any(|value| value.eq_ignore_ascii_case(text)),
        _ => values.iter().any(|value| value == text),
    }
}
