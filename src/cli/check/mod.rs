//! `passbridge check`: whether the config is valid, what each route serves, and which losses users notice.

mod report;

use std::process::ExitCode;

use crate::base::diagnostic::{Diagnostics, Severity};
use crate::cli::check::report::{Report, pair_names};
use crate::config::load::{self, Config, Origin};
use crate::model::operation::Operation;
use crate::routes::compatibility::findings::report_findings;

/// Options of `passbridge check`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print the notes too, such as members that are lost between dialect and upstream without an effect on
    /// users.
    #[arg(long, short)]
    verbose: bool,
    /// Exit with code 78 if there is a warning.
    #[arg(long)]
    strict: bool,
    /// Print the report as one JSON object, as docs/check-json.md describes it.
    #[arg(long)]
    json: bool,
}

pub(super) fn check(origin: &Origin, arguments: &Arguments) -> ExitCode {
    let (config, mut diagnostics) = load::load(origin);
    let printed = match &config {
        Some(config) => {
            diagnostics.extend(notes(config));
            diagnostics.sort();
            let report = Report::of(config, origin, &diagnostics);
            match arguments.json {
                true => report.json(),
                false => {
                    super::print(&report.text(arguments.verbose));
                    print_findings(&diagnostics, arguments.verbose)
                }
            }
        }
        None if arguments.json => Report::of_invalid(origin, &diagnostics).json(),
        None => {
            eprintln!("{diagnostics}\n\n{} is not valid.", origin.name());
            ExitCode::SUCCESS
        }
    };
    match config.is_none() || (arguments.strict && diagnostics.has(Severity::Warning)) {
        true => ExitCode::from(super::BAD_CONFIG),
        false => printed,
    }
}

/// Prints warnings in full to standard error, and to standard output the notes in one line each, or their number.
fn print_findings(diagnostics: &Diagnostics, verbose: bool) -> ExitCode {
    let (notes, warnings): (Vec<_>, Vec<_>) =
        diagnostics.iter().partition(|diagnostic| diagnostic.severity == Severity::Note);
    for warning in warnings {
        eprintln!("{warning}\n");
    }
    let text = match notes.len() {
        0 => String::new(),
        _ if verbose => notes.iter().map(|note| format!("note: {}\n", note.message)).collect(),
        1 => "1 note (--verbose)\n".to_owned(),
        count => format!("{count} notes (--verbose)\n"),
    };
    super::print(&text)
}

/// The notes about every backend of every route. Errors and warnings were reported when the config was loaded.
fn notes(config: &Config) -> Diagnostics {
    let mut notes = Diagnostics::default();
    for route in &config.plan.routes {
        for backend in &route.backends {
            let upstream = &config.plan.upstreams[backend.upstream];
            let named = match route.backends.len() {
                1 => String::new(),
                _ => format!(", upstream `{}`", upstream.name),
            };
            let found = report_findings(
                &pair_names(route, upstream),
                &route.name,
                &[Operation::LoginBegin, Operation::LoginFinish],
                &backend.operations,
                true,
            );
            for finding in found.iter().filter(|finding| finding.severity == Severity::Note) {
                let note = finding.diagnostic(&route.name, &named);
                notes.push(config.places.locate(note, &format!("routes.{}.upstream", route.name)));
            }
        }
    }
    notes
}
