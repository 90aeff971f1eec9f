//! The command line: one file per command, and the exit codes.
//!
//! 0 is success, 1 a failure, 2 a wrong command line, 3 a request that no route handles, 78 an invalid config.
//! Start reading at [`run`].

mod banner;
mod check;
mod credentials;
mod directory;
mod explain;
mod handles;
mod readiness;
mod reload;
mod saved;
mod serve;
mod start;
mod translate;

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use comfy_table::{CellAlignment, Table, presets};

use crate::config::load::{self, Config, Origin};
use crate::config::schema;
use crate::inspect::matrix;
use crate::model::member::Member;
use crate::provider::registry::Registry;
use crate::telemetry;

/// The exit code for an invalid config (EX_CONFIG of sysexits).
const BAD_CONFIG: u8 = 78;

/// Keeps one identity provider's passkey API working while another provider handles the requests.
///
/// Without a command, passbridge starts the gateway with `gateway.toml` in the current directory. If that file
/// does not exist, it uses a built-in config: the APIs of all five providers on 127.0.0.1:8080, served by the
/// embedded relying party.
#[derive(Debug, Parser)]
#[command(
    name = "passbridge",
    version,
    arg_required_else_help = false,
    after_help = "Example: check a config, then start the gateway with it\n  passbridge check --config gateway.toml\n  \
                  passbridge --config gateway.toml"
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The config file. Environment variables named PASSBRIDGE__SECTION__KEY override its settings.
    #[arg(long, short, global = true, env = "PASSBRIDGE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// What to log: error, warn, info, debug, trace, or a list like `warn,passbridge=debug`.
    #[arg(long, global = true, env = "PASSBRIDGE_LOG", default_value = telemetry::DEFAULT_FILTER, value_name = "FILTER")]
    log: String,
    /// The format of log lines.
    #[arg(long, global = true, env = "PASSBRIDGE_LOG_FORMAT", value_enum, default_value_t, value_name = "FORMAT")]
    log_format: telemetry::Format,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the gateway (default).
    ///
    /// SIGTERM or SIGINT stops it after the running requests are finished. SIGHUP reloads the config.
    #[command(after_help = "Example:\n  passbridge serve --config gateway.toml")]
    Serve,
    /// Check the config and show what each route serves and loses.
    ///
    /// Reports every problem at once. The exit code is 78 if the config is invalid.
    #[command(after_help = "Example:\n  passbridge check --config gateway.toml")]
    Check(check::Arguments),
    /// Explain how a saved request is routed and translated.
    ///
    /// Shows which route handles the request and why, the request that the upstream would receive, which
    /// members are lost, and the response that the caller would get for each error. No request is sent, and
    /// secrets are shortened.
    #[command(
        after_help = "Examples:\n  passbridge explain request.http\n  passbridge explain --entry 3 network.har\n\n\
                      The exit code is 0 if an upstream is called, 1 if the gateway refuses the request or the file \
                      cannot be read, and 3 if no route handles it."
    )]
    Explain(explain::Explain),
    /// Import and export the users and passkeys of an embedded upstream.
    #[command(subcommand, after_help = "Example:\n  passbridge users export users.jsonl")]
    Users(directory::Users),
    /// Convert passkey records between the formats of providers and libraries.
    #[command(
        subcommand,
        after_help = "Example:\n  passbridge credentials convert --from simplewebauthn --to passbridge passkeys.json"
    )]
    Credentials(credentials::Credentials),
    /// Show how many users of another provider could already sign in at an embedded upstream.
    ///
    /// Reads the upstream's database; the gateway may be running. Shows only counts.
    #[command(after_help = "Example:\n  passbridge readiness --upstream own")]
    Readiness(readiness::Arguments),
    /// Manage the user handles of an upstream's passkeys.
    #[command(subcommand, after_help = "Example:\n  passbridge handles import handles.csv")]
    Handles(handles::HandlesCommand),
    /// Manage token signing keys.
    #[command(subcommand, after_help = "Example:\n  passbridge keys rotate")]
    Keys(directory::Keys),
    /// Translate a saved message from one provider's API to another's, without a config.
    ///
    /// The translated message is written to standard output with its secrets; what is lost is listed on standard
    /// error. If the target requires a member that the message lacks, nothing is written and the exit code is 1.
    #[command(
        after_help = "Example:\n  passbridge translate --from ID --to ID request.http\n\n`passbridge matrix` lists the ids of the providers."
    )]
    Translate(translate::Translate),
    /// Show which providers' APIs work with which upstreams, and which settings they need.
    #[command(after_help = "Example:\n  passbridge matrix > matrix.md")]
    Matrix,
    /// List the members of the model: the names that `set`, `fill` and provider files use.
    #[command(after_help = "Example:\n  passbridge members | grep credential")]
    Members,
    /// Print the JSON Schema of a file, for editors.
    #[command(after_help = "Example:\n  passbridge schema config > gateway.schema.json")]
    Schema {
        /// The kind of file.
        #[arg(value_name = "FILE")]
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
        eprintln!("passbridge: the log filter is not valid: {error}");
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
        Command::Matrix => print(&matrix::markdown(&Registry::load(None).0)),
        Command::Members => {
            let row =
                |member: &Member| [member.name(), member.kind().noun(), member.meaning().trim()].map(str::to_owned);
            print(&table("", CellAlignment::Left, Member::ALL.iter().map(row)))
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

/// Runs a command that needs a valid config, and reports its failure.
fn with_config(origin: &Origin, command: impl FnOnce(Config) -> Result<ExitCode, String>) -> ExitCode {
    let (config, diagnostics) = load::load(origin);
    let Some(config) = config else {
        eprintln!("{diagnostics}\n\n{} is not valid.", origin.name());
        return ExitCode::from(BAD_CONFIG);
    };
    command(config).unwrap_or_else(|failure| {
        eprintln!("passbridge: {failure}");
        ExitCode::FAILURE
    })
}

/// The upstream of that name, or the only one. `kind` says what is special about the upstreams to select from.
fn select<T>(upstreams: Vec<(&str, T)>, name: Option<&str>, kind: &str) -> Result<T, String> {
    let names = upstreams.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let is_only = upstreams.len() == 1;
    let found = upstreams.into_iter().find(|(known, _)| name.map_or(is_only, |name| name == *known));
    match (found, name) {
        (Some((_, upstream)), _) => Ok(upstream),
        (None, _) if names.is_empty() => Err(format!("the config has no upstream {kind}")),
        (None, None) => Err(format!("select one of the upstreams {kind} with --upstream: {names}")),
        (None, Some(name)) => Err(format!("`{name}` is not an upstream {kind}; there is: {names}")),
    }
}

/// Opens a file, or standard input for `-`.
fn open_input(file: &Path) -> Result<Box<dyn Read>, String> {
    if file == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let opened = File::open(file).map_err(|error| format!("{} cannot be read: {error}", file.display()));
    opened.map(|file| Box::new(file) as Box<dyn Read>)
}

/// Prints the output of a command. A reader that has gone away is not a failure.
fn print(text: &str) -> ExitCode {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        Ok(()) | Err(_) => ExitCode::SUCCESS,
    }
}

/// Rows in columns. `rest` aligns every column but the first.
fn table<const N: usize>(indent: &str, rest: CellAlignment, rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).add_rows(rows);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        column.set_cell_alignment(if index == 0 { CellAlignment::Left } else { rest });
    }
    table.lines().map(|line| format!("{indent}{}\n", line.trim_end())).collect()
}

/// A number and its noun: `1 user`, `2 users`.
fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// An error and its causes on one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
