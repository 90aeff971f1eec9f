//! The `tracing` subscriber: every event that passes the filter becomes one log line.

use std::fmt;
use std::str::FromStr as _;

use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};

use crate::telemetry::{Format, json, line_buffer, text};

/// Writes events as log lines and ignores spans.
pub struct LogSubscriber {
    filter: Targets,
    format: Format,
    color: bool,
    write: fn(&[u8]),
}

impl LogSubscriber {
    /// Passes whole lines, one or more at a time, to `write`.
    ///
    /// # Errors
    /// If the filter is neither a level nor a list of `target=level`.
    pub fn new(filter: &str, format: Format, write: fn(&[u8])) -> Result<Self, ParseError> {
        let filter = match filter {
            level @ ("error" | "warn" | "info" | "debug" | "trace") => format!("warn,passbridge={level}"),
            filter => filter.to_owned(),
        };
        Ok(Self { filter: Targets::from_str(&filter)?, format, color: false, write })
    }

    /// Colors the levels.
    #[must_use]
    pub fn with_color(self) -> Self {
        Self { color: true, ..self }
    }
}

impl fmt::Debug for LogSubscriber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("LogSubscriber").field("filter", &self.filter).field("format", &self.format).finish()
    }
}

impl Subscriber for LogSubscriber {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // Called once per callsite, so that a disabled event costs nothing afterwards.
        if self.enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Metadata that is neither a span nor an event comes from `tracing::enabled!`.
        !metadata.is_span() && self.filter.would_enable(metadata.target(), metadata.level())
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.filter.iter().map(|(_, level)| level).chain(self.filter.default_level()).max()
    }

    fn event(&self, event: &Event<'_>) {
        line_buffer::add_line(self.write, |clock, out| match self.format {
            Format::Text => text::write(event, self.color, clock, out),
            Format::Json => json::write(event, clock, out),
        });
    }

    // Spans are ignored.

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::error::Error;

    use http::HeaderValue;
    use serde_json::{Value, json};

    use super::*;
    use crate::telemetry::request;

    thread_local! {
        static WRITTEN: RefCell<String> = const { RefCell::new(String::new()) };
    }

    fn written(filter: &str, format: Format, log: impl FnOnce()) -> String {
        let out = |lines: &[u8]| WRITTEN.with_borrow_mut(|all| all.push_str(str::from_utf8(lines).unwrap()));
        tracing::subscriber::with_default(LogSubscriber::new(filter, format, out).unwrap(), log);
        WRITTEN.take()
    }

    fn log() {
        let error = "x".parse::<u8>().unwrap_err();
        let mut id = Some(HeaderValue::from_static("r-1"));
        let _scope = request::enter(&mut id);
        tracing::warn!(
            name = "a \"b\"\u{1b}[31m",
            status = Some(200u16),
            milliseconds = 1.23456,
            less = -2,
            is = true,
            shown = %"two\nlines",
            error = &error as &dyn Error,
            absent = None::<u8>,
            "it is {}", "logged"
        );
    }

    #[test]
    fn an_event_becomes_a_line_of_text() {
        let line = written("info", Format::Text, log);
        let (time, rest) = line.split_at("2026-11-22T07:05:26.000042Z".len());
        assert!(time.ends_with('Z') && time.contains('T'), "{time}");
        let target = module_path!();
        let expected = format!(
            "  WARN {target}: it is logged name=\"a \\\"b\\\"\\u{{1b}}[31m\" status=200 milliseconds=1.235 less=-2 \
             is=true shown=two\\nlines error=invalid digit found in string request_id=r-1\n"
        );
        assert_eq!(rest, expected);
    }

    #[test]
    fn an_event_becomes_a_json_object() {
        let line = written("info", Format::Json, log);
        let mut members: Value = serde_json::from_str(&line).unwrap();
        assert!(line.ends_with("}\n"));
        assert!(members["timestamp"].take().is_string());
        let expected = json!({
            "timestamp": null, "level": "WARN", "target": module_path!(), "message": "it is logged",
            "name": "a \"b\"\u{1b}[31m", "status": 200, "milliseconds": 1.235, "less": -2, "is": true,
            "shown": "two\nlines", "error": "invalid digit found in string", "request_id": "r-1",
        });
        assert_eq!(members, expected);
    }

    #[test]
    fn events_are_filtered_by_level_and_target() {
        let all = || {
            tracing::info!("ours");
            tracing::debug!("more of ours");
            tracing::info!(target: "library", "theirs");
            tracing::warn!(target: "library", "their warning");
        };
        let lines = |filter| written(filter, Format::Text, all).lines().count();
        assert_eq!(lines("info"), 2);
        assert_eq!(lines("debug"), 3);
        assert_eq!(lines("error"), 1, "the dependencies keep their own level");
        assert_eq!(lines("off,library=trace"), 2);
        assert!(LogSubscriber::new("passbridge=loud", Format::Text, |_| {}).is_err());
    }
}
