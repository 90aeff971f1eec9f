//! The command line: what can be asked of the program, and with which exit code it ends.
//!
//! 0 is success, 1 a failure while running, 2 a wrong command line, 3 a request that no route takes, 78 a
//! config that does not work.

mod check;
mod credentials;
mod curl;
mod directory;
mod explain;
mod handles;
mod members;
mod readiness;
mod reload;
mod saved;
mod serve;
mod start;
mod translate;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::config::load::Origin;
use crate::config::schema;
use crate::inspect::matrix;
use crate::provider::registry::Registry;
use crate::telemetry;

/// The exit code of a config that does not work (EX_CONFIG of sysexits).
const BAD_CONFIG: u8 = 78;

/// Goes on speaking one identity provider's passkey API while another does the work.
///
/// Without a command it serves, with `gateway.toml` of the current folder, or without one with the
/// built-in config: all five dialects from the embedded relying party on 127.0.0.1:8080.
#[derive(Debug, Parser)]
#[command(name = "passbridge", version, arg_required_else_help = false)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The config file. Settings can also be given as PASSBRIDGE__SECTION__KEY=value in the environment.
    #[arg(long, short, global = true, env = "PASSBRIDGE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// What is logged: error, warn, info, debug, trace, or a list like `warn,passbridge=debug`.
    #[arg(long, global = true, env = "PASSBRIDGE_LOG", default_value = telemetry::DEFAULT_FILTER, value_name = "FILTER")]
    log: String,
    /// How log lines are written.
    #[arg(long, global = true, env = "PASSBRIDGE_LOG_FORMAT", value_enum, default_value_t, value_name = "FORMAT")]
    log_format: telemetry::Format,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve, as passbridge also does without a command.
    Serve,
    /// Check the config: what each route serves, every error at once, and what users will notice.
    Check(check::Arguments),
    /// Tell what becomes of one saved request: its route and why, what the upstream is sent, what gets lost.
    Explain(explain::Explain),
    /// Move users and their passkeys in and out of an embedded upstream's directory.
    #[command(subcommand)]
    Users(directory::Users),
    /// Convert passkeys between the forms that providers and libraries keep them in.
    #[command(subcommand)]
    Credentials(credentials::Credentials),
    /// Show how many of those who sign in elsewhere could sign in at an embedded upstream already.
    Readiness(readiness::Arguments),
    /// Look after the user handles of an upstream's passkeys.
    #[command(subcommand)]
    Handles(handles::HandlesCommand),
    /// Look after the keys that sign an embedded upstream's tokens.
    #[command(subcommand)]
    Keys(directory::Keys),
    /// Bring one message from a provider's dialect into another's, without a config.
    Translate(translate::Translate),
    /// Show which dialects work before which upstreams, with which settings, and what cannot be.
    Matrix,
    /// Show the members of the model: the names that `set`, `fill` and provider files use.
    Members,
    /// Print the JSON Schema of a file, for editors.
    Schema {
        /// Of which file.
        of: SchemaOf,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SchemaOf {
    /// gateway.toml.
    Config,
    /// A provider file.
    Provider,
}

/// Runs the command line.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    if let Err(error) = telemetry::start(&arguments.log, arguments.log_format) {
        eprintln!("passbridge: the log filter cannot be used: {error}");
        return ExitCode::from(2);
    }
    let origin = Origin::find(arguments.config);
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::serve(&origin),
        Command::Check(arguments) => check::check(&origin, &arguments),
        Command::Explain(arguments) => explain::explain(&origin, &arguments),
        Command::Users(command) => directory::users(&origin, &command),
        Command::Credentials(command) => credentials::credentials(command),
        Command::Readiness(arguments) => readiness::readiness(&origin, &arguments),
        Command::Handles(command) => handles::handles(&origin, &command),
        Command::Keys(command) => directory::keys(&origin, &command),
        Command::Translate(arguments) => translate::translate(&arguments),
        Command::Members => members::members(),
        Command::Matrix => {
            let (registry, _) = Registry::load(None);
            print(&matrix::markdown(&registry))
        }
        Command::Schema { of } => {
            let schema = match of {
                SchemaOf::Config => schema::config(),
                SchemaOf::Provider => schema::provider(),
            };
            print(&format!("{schema:#}\n"))
        }
    }
}

/// Prints a command's answer; a reader that went away is no failure.
fn print(text: &str) -> ExitCode {
    use std::io::Write as _;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        Ok(()) | Err(_) => ExitCode::SUCCESS,
    }
}

/// The error and what caused it, in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
