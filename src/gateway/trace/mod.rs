//! A trace of one request: its messages at each stage, for the console and `explain`.
//!
//! The trace is in the request's extensions. A request without one costs one look-up. Secrets are shortened before a
//! step is recorded, so that a trace can be shown.

mod shorten;
pub mod shown;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, Response, StatusCode, request};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::gateway::trace::shorten::Secrets;
use crate::gateway::trace::shown::{Extent, Message, members};
use crate::gateway::upstream_client::Answer;
use crate::model::fault::Refusal;
use crate::model::record::Record;

/// The trace of one request. Clones share it.
#[derive(Clone, Default)]
pub struct Trace(Arc<Mutex<Recorded>>);

/// One step of a request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// The stage.
    pub stage: Stage,
    /// The message.
    #[serde(flatten)]
    pub seen: Seen,
}

/// The stages, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The caller's request.
    CallerRequest,
    /// The request in the model.
    ModelRequest,
    /// The request to the upstream.
    UpstreamRequest,
    /// The upstream's answer.
    UpstreamAnswer,
    /// The response in the model.
    ModelAnswer,
    /// The refusal.
    Refusal,
    /// The caller's response.
    CallerAnswer,
}

/// A message at one stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// HTTP.
    Message(Message),
    /// Members of the model, also where the upstream is the embedded relying party.
    Members(Map<String, Json>),
    /// A fault of the closed set.
    Fault {
        /// Its name.
        name: &'static str,
        /// The text for the caller.
        message: String,
        /// The reason in the log.
        reason: String,
    },
}

#[derive(Default)]
struct Recorded {
    secrets: Secrets,
    steps: Vec<Step>,
}

// ===== impl Trace =====

impl Trace {
    /// The steps so far.
    pub fn steps(&self) -> Vec<Step> {
        self.recorded().steps.clone()
    }

    /// Adds values that are never shown whole.
    pub(crate) fn conceal<'s>(&self, secrets: impl Iterator<Item = &'s str>) {
        let mut recorded = self.recorded();
        secrets.for_each(|secret| recorded.secrets.add(secret));
    }

    /// Records the caller's request, and the request in the model.
    // Cold, like all functions below: few requests are traced.
    #[cold]
    pub(crate) fn received(&self, head: &request::Parts, content: &[u8], record: &dyn Record<'_>) {
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let line = format!("{} {target}", head.method);
        let mut recorded = self.recorded();
        recorded.secrets.note(record);
        let message = Message::new(&line, &head.headers, content, &recorded.secrets, true);
        recorded.add(Stage::CallerRequest, Seen::Message(message));
        recorded.add(Stage::ModelRequest, Seen::Members(members(record, Extent::Brief)));
    }

    /// Records the request to the embedded relying party.
    #[cold]
    pub(crate) fn sent_to_relying_party(&self, record: &dyn Record<'_>) {
        let mut recorded = self.recorded();
        recorded.secrets.note_beyond(record);
        recorded.add(Stage::UpstreamRequest, Seen::Members(members(record, Extent::Beyond)));
    }

    /// Records the request to a provider.
    #[cold]
    pub(crate) fn sent_to_provider(&self, request: &Request<Bytes>, record: &dyn Record<'_>) {
        let line = format!("{} {}", request.method(), request.uri());
        let mut recorded = self.recorded();
        recorded.secrets.note_beyond(record);
        let message = Message::new(&line, request.headers(), request.body(), &recorded.secrets, true);
        recorded.add(Stage::UpstreamRequest, Seen::Message(message));
    }

    /// Records the upstream's answer, and its members if it was decoded.
    #[cold]
    pub(crate) fn answered(&self, answer: &Answer, decoded: Option<&dyn Record<'_>>) {
        let mut recorded = self.recorded();
        if let Some(record) = decoded {
            recorded.secrets.note_beyond(record);
        }
        let seen = match answer {
            Answer::Embedded(response) => Seen::Members(members(response.record(), Extent::Beyond)),
            Answer::Http(response) => Seen::Message(recorded.response(response, decoded.is_some())),
        };
        recorded.add(Stage::UpstreamAnswer, seen);
    }

    /// Records the response before it is encoded.
    #[cold]
    pub(crate) fn completed(&self, record: &dyn Record<'_>) {
        let mut recorded = self.recorded();
        recorded.secrets.note(record);
        recorded.add(Stage::ModelAnswer, Seen::Members(members(record, Extent::Brief)));
    }

    /// Records a refusal.
    #[cold]
    pub(crate) fn refused(&self, refusal: &Refusal) {
        let (message, reason) = (refusal.message.to_string(), refusal.reason.to_string());
        self.recorded().add(Stage::Refusal, Seen::Fault { name: refusal.fault.name(), message, reason });
    }

    /// Records the caller's response.
    #[cold]
    pub(crate) fn sent_response(&self, response: &Response<Bytes>) {
        let mut recorded = self.recorded();
        let message = recorded.response(response, true);
        recorded.add(Stage::CallerAnswer, Seen::Message(message));
    }

    fn recorded(&self) -> MutexGuard<'_, Recorded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// Written by hand, because a trace contains secrets.
impl fmt::Debug for Trace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Trace").field(&self.recorded().steps).finish()
    }
}

// ===== impl Recorded =====

impl Recorded {
    fn add(&mut self, stage: Stage, seen: Seen) {
        self.steps.push(Step { stage, seen });
    }

    fn response(&self, response: &Response<Bytes>, is_decoded: bool) -> Message {
        let line = status_line(response.status());
        Message::new(&line, response.headers(), response.body(), &self.secrets, is_decoded)
    }
}

fn status_line(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}
