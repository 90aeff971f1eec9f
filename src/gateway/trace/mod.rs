//! A trace of one exchange, for people who want to see what becomes of a message on its way.
//!
//! It travels in a request's extensions; a request without one costs a look into them and nothing
//! else. Secrets are shortened before a step is kept, so that a trace can be shown.

mod shorten;
pub mod shown;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Request, Response, StatusCode, request};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::gateway::steps::call_upstream::Answer;
use crate::gateway::trace::shorten::Secrets;
use crate::gateway::trace::shown::{Extent, Message, members};
use crate::model::fault::Refusal;
use crate::model::record::Record;

/// The trace of one exchange. Clones are the same one.
#[derive(Clone, Default)]
pub struct Trace(Arc<Mutex<Kept>>);

/// One step of an exchange.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Where on its way.
    pub stage: Stage,
    /// What it was there.
    #[serde(flatten)]
    pub seen: Seen,
}

/// The places on the way, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// What the caller sent.
    CallerRequest,
    /// How it was understood.
    ModelRequest,
    /// What the upstream got.
    UpstreamRequest,
    /// What the upstream answered.
    UpstreamAnswer,
    /// How that was understood and completed.
    ModelAnswer,
    /// That it was refused, and why.
    Refusal,
    /// What the caller was answered.
    CallerAnswer,
}

/// What a message is at one place.
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
        /// What the caller may read.
        message: String,
        /// What the log reads.
        reason: String,
    },
}

#[derive(Default)]
struct Kept {
    secrets: Secrets,
    steps: Vec<Step>,
}

// ===== impl Trace =====

impl Trace {
    /// The steps so far.
    pub fn steps(&self) -> Vec<Step> {
        self.kept().steps.clone()
    }

    /// Takes values that are never to be shown whole.
    pub(crate) fn conceal<'s>(&self, secrets: impl Iterator<Item = &'s str>) {
        let mut kept = self.kept();
        secrets.for_each(|secret| kept.secrets.add(secret));
    }

    /// The caller's request, and how it was understood.
    // Cold, as all that follow: hardly any request is watched.
    #[cold]
    pub(crate) fn asked(&self, head: &request::Parts, content: &[u8], record: &dyn Record<'_>) {
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let line = format!("{} {target}", head.method);
        let mut kept = self.kept();
        kept.secrets.note(record);
        let message = Message::new(&line, &head.headers, content, &kept.secrets, true);
        kept.add(Stage::CallerRequest, Seen::Message(message));
        kept.add(Stage::ModelRequest, Seen::Members(members(record, Extent::Brief)));
    }

    /// What the embedded relying party is asked.
    #[cold]
    pub(crate) fn told(&self, record: &dyn Record<'_>) {
        let mut kept = self.kept();
        kept.secrets.note_beyond(record);
        kept.add(Stage::UpstreamRequest, Seen::Members(members(record, Extent::Beyond)));
    }

    /// What a provider is sent, which says what the record says.
    #[cold]
    pub(crate) fn sent(&self, request: &Request<Bytes>, record: &dyn Record<'_>) {
        let line = format!("{} {}", request.method(), request.uri());
        let mut kept = self.kept();
        kept.secrets.note_beyond(record);
        let message = Message::new(&line, request.headers(), request.body(), &kept.secrets, true);
        kept.add(Stage::UpstreamRequest, Seen::Message(message));
    }

    /// What the upstream answered, and how that was understood, if it was.
    #[cold]
    pub(crate) fn answered(&self, answer: &Answer, understood: Option<&dyn Record<'_>>) {
        let mut kept = self.kept();
        if let Some(record) = understood {
            kept.secrets.note_beyond(record);
        }
        let seen = match answer {
            Answer::Embedded(response) => Seen::Members(members(response.record(), Extent::Beyond)),
            Answer::Http(response) => Seen::Message(kept.response(response, understood.is_some())),
        };
        kept.add(Stage::UpstreamAnswer, seen);
    }

    /// The answer as it is before it is written for the caller.
    #[cold]
    pub(crate) fn completed(&self, record: &dyn Record<'_>) {
        let mut kept = self.kept();
        kept.secrets.note(record);
        kept.add(Stage::ModelAnswer, Seen::Members(members(record, Extent::Brief)));
    }

    /// Why there is no such answer.
    #[cold]
    pub(crate) fn refused(&self, refusal: &Refusal) {
        let (message, reason) = (refusal.message.to_string(), refusal.reason.to_string());
        self.kept().add(Stage::Refusal, Seen::Fault { name: refusal.fault.name(), message, reason });
    }

    /// What the caller is answered.
    #[cold]
    pub(crate) fn replied(&self, response: &Response<Bytes>) {
        let mut kept = self.kept();
        let message = kept.response(response, true);
        kept.add(Stage::CallerAnswer, Seen::Message(message));
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// By hand: the secrets are in it.
impl fmt::Debug for Trace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Trace").field(&self.kept().steps).finish()
    }
}

// ===== impl Kept =====

impl Kept {
    fn add(&mut self, stage: Stage, seen: Seen) {
        self.steps.push(Step { stage, seen });
    }

    fn response(&self, response: &Response<Bytes>, is_understood: bool) -> Message {
        let line = status_line(response.status());
        Message::new(&line, response.headers(), response.body(), &self.secrets, is_understood)
    }
}

fn status_line(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    }
}
