//! The JSON format: one object per line, with `timestamp`, `level`, `target`, `request_id` and the fields of the event.

use std::error::Error;
use std::fmt::Debug;
use std::io::Write as _;

use tracing::Event;
use tracing::field::{Field, Visit};

use crate::telemetry::clock::Clock;
use crate::telemetry::numbers::{decimal, integer};
use crate::telemetry::request;

/// Appends the line of an event.
pub(super) fn write(event: &Event<'_>, clock: &mut Clock, out: &mut Vec<u8>) {
    let metadata = event.metadata();
    out.extend_from_slice(b"{\"timestamp\":\"");
    clock.write(out);
    out.extend_from_slice(b"\",\"level\":\"");
    out.extend_from_slice(metadata.level().as_str().as_bytes());
    out.extend_from_slice(b"\",\"target\":\"");
    out.extend_from_slice(metadata.target().as_bytes()); // a Rust module path needs no escapes
    out.push(b'"');
    event.record(&mut Members(out));
    request::with_current(|id| {
        out.extend_from_slice(b",\"request_id\":");
        string(id, out);
    });
    out.extend_from_slice(b"}\n");
}

fn string(text: &str, out: &mut Vec<u8>) {
    let _ = serde_json::to_writer(out, text); // writing to a Vec cannot fail
}

/// Writes `,"name":value`.
struct Members<'a>(&'a mut Vec<u8>);

impl Members<'_> {
    fn name(&mut self, field: &Field) {
        self.0.extend_from_slice(b",\"");
        self.0.extend_from_slice(field.name().as_bytes()); // a Rust identifier needs no escapes
        self.0.extend_from_slice(b"\":");
    }
}

impl Visit for Members<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        string(value, self.0);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field);
        integer(value, 1, self.0);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.name(field);
        let _ = write!(self.0, "{value}");
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.name(field);
        let _ = write!(self.0, "{value}");
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.name(field);
        decimal(value, self.0);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.name(field);
        string(&value.to_string(), self.0);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.name(field);
        string(&format!("{value:?}"), self.0);
    }
}
