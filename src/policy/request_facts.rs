//! The parts of a request that a policy may use.

use std::borrow::Cow;

use http::HeaderMap;

use crate::model::member::Member;
use crate::model::record::Record;
use crate::model::value::Value;

/// A request, as a policy sees it.
pub(crate) struct RequestFacts<'a, 'r> {
    pub(crate) record: &'a dyn Record<'r>,
    /// The claims of the caller's verified token. They take precedence over the request.
    pub(crate) claims: &'a [(Member, Value<'static>)],
    pub(crate) fields: &'a HeaderMap,
    pub(crate) is_begin: bool,
}

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
