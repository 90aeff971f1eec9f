//! A compiled provider file.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderName, HeaderValue};

use crate::model::operation::{Direction, Operation};
use crate::provider::faults::FaultTable;
use crate::provider::template::head::NamedPattern;
use crate::provider::template::message::{Message, RequestTemplate, ResponseTemplate};

/// A provider's API.
#[derive(Clone, Debug, PartialEq)]
pub struct Provider {
    /// The name of its file, which the config refers to.
    pub id: String,
    /// Its display name.
    pub title: String,
    /// Its name in messages: the id, with the title if that differs: `Title (id)`.
    pub display_name: String,
    /// Other names that the config may use.
    pub aliases: Vec<String>,
    /// The media type of the content it sends, with parameters.
    pub content_type: HeaderValue,
    /// The media types it accepts.
    pub accepts: Accepts,
    /// Header fields on every response.
    pub fields: Vec<NamedPattern>,
    /// Its operations.
    pub operations: BTreeMap<Operation, OperationTemplate>,
    /// How it expresses faults.
    pub faults: FaultTable,
    /// The header fields of its responses that are decoded.
    pub answer_fields: Vec<HeaderName>,
}

impl Provider {
    /// The header fields of its responses that carry a member.
    pub(super) fn fields_read(&self) -> Vec<HeaderName> {
        let responses = self.operations.values().flat_map(|operation| &operation.response.message.fields);
        let read = responses.chain(self.faults.0.iter().flat_map(|row| &row.fields));
        let read = read.filter(|field| field.pattern.placeholder().is_some());
        let names: BTreeSet<&str> = read.map(|field| field.name.as_str()).collect();
        names.into_iter().filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok()).collect()
    }
}

/// The media types of request content that a provider accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// `application/json`, types that end in `+json`, and content without a media type.
    Json,
    /// Any media type; the content is decoded as JSON.
    Any,
}

/// An operation.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationTemplate {
    /// The request.
    pub request: RequestTemplate,
    /// The response.
    pub response: ResponseTemplate,
    /// Gaps in the provider's documentation, and how the gateway treats them.
    pub unknown: Vec<String>,
}

impl OperationTemplate {
    /// The message of a direction.
    pub fn message(&self, direction: Direction) -> &Message {
        match direction {
            Direction::Request => &self.request.message,
            Direction::Response => &self.response.message,
        }
    }
}
