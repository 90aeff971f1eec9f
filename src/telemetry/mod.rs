//! Logging: one line per event on standard error, as text or JSON. Start reading at [`LogSubscriber`].
//!
//! By default the filter drops events of dependencies below `warn`, because at `debug` they log header
//! fields. Spans are ignored: a line needs only the request ID, which [`request`] keeps per thread, and a
//! span per request costs 1,104 instructions, half as much as the line itself.

mod clock;
mod json;
mod line_buffer;
pub mod metrics;
mod numbers;
pub mod request;
mod subscriber;
mod text;

use std::error::Error;
use std::io::{self, IsTerminal as _, Write as _};

pub use line_buffer::{buffer_on_this_thread, flush};
pub use subscriber::LogSubscriber;

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Human-readable lines.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// The filter used when none is given.
pub const DEFAULT_FILTER: &str = "warn,passbridge=info";

/// Starts logging. `filter` is a level or a list of `target=level`.
///
/// # Errors
/// If the filter is invalid, or a global subscriber is already set.
pub fn start(filter: &str, format: Format) -> Result<(), Box<dyn Error + Send + Sync>> {
    let subscriber = LogSubscriber::new(filter, format, write_to_stderr)?;
    let subscriber = if io::stderr().is_terminal() { subscriber.with_color() } else { subscriber };
    tracing::subscriber::set_global_default(subscriber)?;
    Ok(())
}

fn write_to_stderr(lines: &[u8]) {
    let _ = io::stderr().lock().write_all(lines); // there is nowhere left to report a failure
}
