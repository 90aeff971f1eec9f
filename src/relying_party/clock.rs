//! The time, as the directory stores it.

use jiff::Timestamp;

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    Timestamp::now().as_second()
}
