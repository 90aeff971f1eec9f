//! Logs: one line an event on standard error, as text or as JSON.
//!
//! The filter lets nothing of the libraries below through unless it is asked for by name: at `debug`
//! they show header fields.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

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
pub fn start(filter: &str, format: Format) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let filter = match filter {
        level @ ("error" | "warn" | "info" | "debug" | "trace") => format!("warn,passbridge={level}"),
        filter => filter.to_owned(),
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(filter)?)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    match format {
        Format::Text => builder.try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    }
}
