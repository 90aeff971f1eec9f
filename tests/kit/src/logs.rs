//! What a gateway wrote to its standard error, line by line, while it runs.
//!
//! The gateway logs JSON; other lines are kept as text.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::Arc;
use std::thread;

use serde_json::Value;
use tokio::sync::watch;

use super::message::Response;
use super::within;

/// The lines so far.
#[derive(Clone)]
pub struct Logs {
    lines: Arc<watch::Sender<Vec<String>>>,
}

/// The logged refusal of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    pub level: String,
    pub fault: String,
    pub reason: String,
}

// ===== impl Logs =====

impl Logs {
    pub fn of(stream: impl Read + Send + 'static) -> Self {
        let lines = Arc::new(watch::Sender::new(Vec::new()));
        let sender = lines.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                sender.send_modify(|lines| lines.push(line));
            }
        });
        Self { lines }
    }

    pub fn text(&self) -> String {
        self.lines.borrow().join("\n")
    }

    /// The number of lines so far.
    pub fn count(&self) -> usize {
        self.lines.borrow().len()
    }

    /// The next event with this message, after that many lines.
    pub async fn event_after(&self, lines: usize, message: &str) -> Value {
        let find = |all: &[String]| all[lines..].iter().find_map(|line| event_of(line, message));
        let mut all = self.lines.subscribe();
        let found = within(all.wait_for(|all| find(all).is_some())).await.unwrap();
        find(&found).unwrap()
    }

    /// The line about a response that has this field.
    pub async fn line_of(&self, answer: &Response, field: &str) -> Value {
        let id = answer.field("x-request-id").expect("every answer has its id").to_owned();
        let find = |lines: &[String]| {
            let mut events = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            events.find(|event| event["request_id"] == *id && !event[field].is_null())
        };
        let mut lines = self.lines.subscribe();
        let found = within(lines.wait_for(|lines| find(lines).is_some())).await.unwrap();
        find(&found).unwrap()
    }

    /// The line about a response that was a refusal.
    pub async fn refusal_of(&self, answer: &Response) -> Refused {
        let id = answer.field("x-request-id").expect("every answer has its id").to_owned();
        let mut lines = self.lines.subscribe();
        let found = within(lines.wait_for(|lines| refusal(lines, &id).is_some())).await.unwrap();
        refusal(&found, &id).unwrap()
    }
}

fn event_of(line: &str, message: &str) -> Option<Value> {
    let event: Value = serde_json::from_str(line).ok()?;
    event["message"].as_str().is_some_and(|text| text.contains(message)).then_some(event)
}

fn refusal(lines: &[String], id: &str) -> Option<Refused> {
    lines.iter().find_map(|line| {
        let event: Value = serde_json::from_str(line).ok()?;
        let text = |name: &str| Some(event[name].as_str()?.to_owned());
        (event["correlation_id"] == id).then_some(())?;
        Some(Refused { level: text("level")?, fault: text("fault")?, reason: text("reason")? })
    })
}
