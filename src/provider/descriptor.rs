//! What a provider file says, compiled.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderName, HeaderValue};

use crate::model::operation::{Direction, Operation};
use crate::provider::faults::FaultTable;
use crate::provider::template::head::Named;
use crate::provider::template::message::{Message, RequestTemplate, ResponseTemplate};

/// A provider's API.
#[derive(Clone, Debug, PartialEq)]
pub struct Provider {
    /// The name of its file, by which the config calls it.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// Its name in messages: the id, with the title where that is another name, such as `Cloudreve v4 (apifox)`.
    pub display_name: String,
    /// Other names by which the config may call it.
    pub aliases: Vec<String>,
    /// The media type of what it writes, with its parameters.
    pub content_type: HeaderValue,
    /// Which media types it reads.
    pub accepts: Accepts,
    /// Header fields on every response.
    pub fields: Vec<Named>,
    /// The operations it has.
    pub operations: BTreeMap<Operation, OperationTemplate>,
    /// How it says what went wrong.
    pub faults: FaultTable,
    /// The header fields that are read of its answers.
    pub answer_fields: Vec<HeaderName>,
}

impl Provider {
    /// The header fields of its answers that carry a member.
    pub(super) fn fields_read(&self) -> Vec<HeaderName> {
        let answers = self.operations.values().flat_map(|operation| &operation.response.message.fields);
        let read = answers.chain(self.faults.0.iter().flat_map(|row| &row.fields));
        let read = read.filter(|field| field.pattern.hole().is_some());
        let names: BTreeSet<&str> = read.map(|field| field.name.as_str()).collect();
        names.into_iter().filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok()).collect()
    }
}

/// Which media types of a request's content a provider reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// `application/json` and what ends in `+json`; content without a media type too.
    Json,
    /// Whatever the field says, the content is read as JSON.
    Any,
}

/// One operation: what is sent and what comes back.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationTemplate {
    /// What is sent.
    pub request: RequestTemplate,
    /// What comes back.
    pub response: ResponseTemplate,
    /// What the provider's documents leave open, and how it is read and written here.
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
