//! Timestamps of log lines: RFC 3339, UTC, with microseconds.
//!
//! The text up to the second is cached and rewritten once a second.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use crate::telemetry::numbers::integer;

/// Formats the current time.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// The cached second since 1970, and its date and time as text.
    second: Option<(u64, String)>,
}

impl Clock {
    /// Appends the current time.
    pub(super) fn write(&mut self, out: &mut Vec<u8>) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.write_at(now, out);
    }

    fn write_at(&mut self, now: Duration, out: &mut Vec<u8>) {
        let second = now.as_secs();
        if self.second.as_ref().is_none_or(|(cached, _)| *cached != second) {
            let whole = i64::try_from(second).ok().and_then(|second| Timestamp::from_second(second).ok());
            let text = whole.unwrap_or(Timestamp::MAX).strftime("%Y-%m-%dT%H:%M:%S").to_string();
            self.second = Some((second, text));
        }
        if let Some((_, text)) = &self.second {
            out.extend_from_slice(text.as_bytes());
        }
        out.push(b'.');
        integer(now.subsec_micros().into(), 6, out);
        out.push(b'Z');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cached_second_is_replaced_when_it_changes() {
        let mut clock = Clock::default();
        let mut written = |at| {
            let mut out = Vec::new();
            clock.write_at(Duration::from_micros(at), &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(written(1_795_331_126_000_042), "2026-11-22T07:05:26.000042Z");
        assert_eq!(written(1_795_331_126_999_999), "2026-11-22T07:05:26.999999Z");
        assert_eq!(written(1_795_331_127_000_000), "2026-11-22T07:05:27.000000Z");
    }
}
