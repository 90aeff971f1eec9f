//! What a provider file says, compiled.

use std::collections::BTreeMap;

use crate::canonical::operation::{Direction, Operation};
use crate::provider::faults::FaultTable;
use crate::template::head::Named;
use crate::template::message::{Message, RequestTemplate, ResponseTemplate};

/// A provider's API.
#[derive(Clone, Debug, PartialEq)]
pub struct Provider {
    /// The name of its file, by which the config calls it.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// The media type of what it writes, with its parameters.
    pub content_type: String,
    /// Which media types it reads.
    pub accepts: Accepts,
    /// Header fields on every response.
    pub fields: Vec<Named>,
    /// The operations it has.
    pub operations: BTreeMap<Operation, OperationTemplate>,
    /// How it says what went wrong.
    pub faults: FaultTable,
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
