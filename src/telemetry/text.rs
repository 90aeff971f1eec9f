//! The text format: time, level, target, message and fields.
//!
//! Control characters are escaped, so that a value can neither start a new line nor control the terminal.

use std::error::Error;
use std::fmt::{self, Debug, Write as _};
use std::io::Write as _;

use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use crate::telemetry::clock::Clock;
use crate::telemetry::numbers::{decimal, integer};
use crate::telemetry::request;

/// Appends the line of an event.
pub(super) fn write(event: &Event<'_>, color: bool, clock: &mut Clock, out: &mut Vec<u8>) {
    clock.write(out);
    let metadata = event.metadata();
    let (level, code): (&str, &str) = match *metadata.level() {
        Level::ERROR => (" ERROR ", "\x1b[31m"),
        Level::WARN => ("  WARN ", "\x1b[33m"),
        Level::INFO => ("  INFO ", "\x1b[32m"),
        Level::DEBUG => (" DEBUG ", "\x1b[34m"),
        Level::TRACE => (" TRACE ", "\x1b[35m"),
    };
    if color {
        out.extend_from_slice(code.as_bytes());
    }
    out.extend_from_slice(level.as_bytes());
    if color {
        out.extend_from_slice(b"\x1b[0m");
    }
    out.extend_from_slice(metadata.target().as_bytes());
    out.push(b':');
    event.record(&mut Fields(out));
    request::with_current(|id| {
        out.extend_from_slice(b" request_id=");
        out.extend_from_slice(id.as_bytes());
    });
    out.push(b'\n');
}

/// Writes ` name=value`; the message has no name.
struct Fields<'a>(&'a mut Vec<u8>);

impl Fields<'_> {
    fn name(&mut self, field: &Field) {
        self.0.push(b' ');
        if field.name() != "message" {
            self.0.extend_from_slice(field.name().as_bytes());
            self.0.push(b'=');
        }
    }
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        if value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\') {
            self.0.push(b'"');
            self.0.extend_from_slice(value.as_bytes());
            self.0.push(b'"');
        } else {
            let _ = write!(self.0, "{value:?}"); // writing to a Vec cannot fail
        }
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
        let _ = write!(Escaped(self.0), "{value}");
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.name(field);
        let _ = write!(Escaped(self.0), "{value:?}");
    }
}

/// Escapes control characters.
struct Escaped<'a>(&'a mut Vec<u8>);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.split_inclusive(char::is_control) {
            let mut letters = part.chars();
            match letters.next_back() {
                Some(last) if last.is_control() => {
                    self.0.extend_from_slice(letters.as_str().as_bytes());
                    let _ = write!(self.0, "{}", last.escape_default());
                }
                _ => self.0.extend_from_slice(part.as_bytes()),
            }
        }
        Ok(())
    }
}
