//! Logs: one line an event on standard error, as text or as JSON.
//!
//! The filter lets nothing of the libraries below through unless it is asked for by name: at `debug`
//! they show header fields. There are no spans: what a line has to say of its request is the request's
//! name, and a span would cost more than all the rest of the line (5,000 instructions a request).

mod clock;
mod gathering;
mod json;
mod lines;
pub mod metrics;
pub mod request;
mod text;

use std::error::Error;
use std::io::{self, IsTerminal as _, Write as _};

pub use gathering::{flush, gather};
pub use lines::Lines;

/// How a log line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For machines.
    Json,
}

/// What is let through when nothing else is said.
pub const DEFAULT_FILTER: &str = "warn,passbridge=info";

/// Starts logging. `filter` is a level or a list of `target=level`.
///
/// # Errors
/// When the filter cannot be read, or somebody logs already.
pub fn start(filter: &str, format: Format) -> Result<(), Box<dyn Error + Send + Sync>> {
    let lines = Lines::new(filter, format, to_standard_error)?;
    let lines = if io::stderr().is_terminal() { lines.in_colour() } else { lines };
    tracing::subscriber::set_global_default(lines)?;
    Ok(())
}

fn to_standard_error(lines: &[u8]) {
    // Where standard error cannot be written there is nobody left to tell.
    let _ = io::stderr().lock().write_all(lines);
}
