//! A line for people: time, level, where in the program, what, and the fields.
//!
//! Nothing in a line can end it or speak to the terminal: control characters are written as escapes.

use std::error::Error;
use std::fmt::{self, Debug, Write as _};
use std::io::Write as _;

use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use crate::telemetry::clock::Clock;
use crate::telemetry::request;

/// Appends the line of an event.
pub(super) fn write(event: &Event<'_>, colour: bool, clock: &mut Clock, out: &mut Vec<u8>) {
    clock.write(out);
    let metadata = event.metadata();
    let (level, code): (&str, &str) = match *metadata.level() {
        Level::ERROR => (" ERROR ", "\x1b[31m"),
        Level::WARN => ("  WARN ", "\x1b[33m"),
        Level::INFO => ("  INFO ", "\x1b[32m"),
        Level::DEBUG => (" DEBUG ", "\x1b[34m"),
        Level::TRACE => (" TRACE ", "\x1b[35m"),
    };
    if colour {
        out.extend_from_slice(code.as_bytes());
    }
    out.extend_from_slice(level.as_bytes());
    if colour {
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
            // A buffer takes whatever it is given.
            let _ = write!(self.0, "{value:?}");
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field);
        number(value, 1, self.0);
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
        thousandths(value, self.0);
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

/// Writes a number with three digits behind the point.
pub(super) fn thousandths(value: f64, out: &mut Vec<u8>) {
    let rounded = (value * 1000.0).round();
    if (0.0..9e15).contains(&rounded) {
        let rounded = rounded as u64;
        number(rounded / 1000, 1, out);
        out.push(b'.');
        number(rounded % 1000, 3, out);
    } else if value.is_finite() {
        let _ = write!(out, "{value:?}");
    } else {
        out.extend_from_slice(b"null");
    }
}

/// Writes a number with at least so many digits, without the machinery of formatting.
pub(super) fn number(number: u64, least: usize, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let mut begin = digits.len();
    let mut rest = number;
    while rest > 0 {
        begin -= 1;
        digits[begin] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&digits[begin.min(digits.len() - least)..]);
}

/// Writes control characters as escapes.
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
