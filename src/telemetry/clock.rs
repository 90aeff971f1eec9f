//! The time as it stands in a line: RFC 3339, UTC, to the microsecond.
//!
//! All but the microseconds is kept for as long as its second lasts.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use crate::telemetry::text::number;

/// What was last written.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// Since 1970, and the date and time of it.
    second: Option<(u64, String)>,
}

impl Clock {
    /// Appends the time it is.
    pub(super) fn write(&mut self, out: &mut Vec<u8>) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.write_at(now, out);
    }

    fn write_at(&mut self, now: Duration, out: &mut Vec<u8>) {
        let second = now.as_secs();
        if self.second.as_ref().is_none_or(|(known, _)| *known != second) {
            let whole = i64::try_from(second).ok().and_then(|second| Timestamp::from_second(second).ok());
            let text = whole.unwrap_or(Timestamp::MAX).strftime("%Y-%m-%dT%H:%M:%S").to_string();
            self.second = Some((second, text));
        }
        if let Some((_, text)) = &self.second {
            out.extend_from_slice(text.as_bytes());
        }
        out.push(b'.');
        number(now.subsec_micros().into(), 6, out);
        out.push(b'Z');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_written_anew_when_it_is_another() {
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
