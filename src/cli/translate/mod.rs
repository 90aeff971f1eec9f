//! `passbridge translate`: one message from a provider's dialect into another's, without a config.
//!
//! The message goes to standard output as it stands, secrets too; what gets lost and what is missing goes to
//! standard error. Where something required is missing, nothing is written and the exit code is 1.

mod source;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::base::diagnostic::{Diagnostic, nearest};
use crate::cli::saved::{self, Saved, Wanted};
use crate::cli::translate::source::{Done, Source};
use crate::inspect::translate::Lost;
use crate::model::operation::{Direction, Operation};
use crate::provider::descriptor::Provider;
use crate::provider::registry::Registry;

/// `passbridge translate`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Translate {
    /// The provider whose dialect the message is in.
    #[arg(long, value_name = "PROVIDER")]
    from: String,
    /// The provider into whose dialect it is brought.
    #[arg(long, value_name = "PROVIDER")]
    to: String,
    /// Which operation it is of, such as `login.begin`. Default: what method and path of a request say.
    #[arg(long, value_name = "OPERATION")]
    operation: Option<String>,
    /// Which way it goes. Default: what its first line says; JSON alone is a request.
    #[arg(long, value_name = "DIRECTION")]
    direction: Option<Way>,
    /// A folder of provider files that add to the built-in ones or override them.
    #[arg(long, value_name = "DIR")]
    providers: Option<PathBuf>,
    /// A file with the message, HTTP or its JSON content alone; `-` for standard input.
    file: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Way {
    /// From the caller.
    Request,
    /// To the caller.
    Response,
}

pub(in crate::cli) fn translate(arguments: &Translate) -> ExitCode {
    let (registry, diagnostics) = Registry::load(arguments.providers.as_deref());
    if diagnostics.has_errors() {
        eprintln!("{diagnostics}");
        return ExitCode::from(crate::cli::BAD_CONFIG);
    }
    match attempt(arguments, &registry) {
        Ok(done) => {
            eprintln!("{}: {} -> {}", done.read, arguments.from, arguments.to);
            for Lost { member, reason } in &done.lost {
                eprintln!("lost: {member}: {reason}");
            }
            crate::cli::print(&String::from_utf8_lossy(&done.text))
        }
        Err(found) => {
            eprintln!("{found}");
            ExitCode::FAILURE
        }
    }
}

fn attempt(arguments: &Translate, registry: &Registry) -> Result<Done, Diagnostic> {
    let (from, to) = (provider(registry, &arguments.from)?, provider(registry, &arguments.to)?);
    let operation = arguments.operation.as_deref().map(operation).transpose()?;
    let wanted = match arguments.direction {
        None => Wanted::Either,
        Some(Way::Request) => Wanted::Request,
        Some(Way::Response) => Wanted::Response,
    };
    let (name, bytes) = saved::load(&arguments.file)?;
    let reading = Source { name: &name, from, to };
    match (saved::parse(&name, &bytes, wanted)?, arguments.direction) {
        (Saved::Request(head, content), _) => reading.request(operation, &head, &content),
        (Saved::Response(head, content), _) => {
            let operation = operation.ok_or_else(|| reading.unnamed(from, Direction::Response))?;
            reading.response(operation, Some((head.status, &head.headers)), &content)
        }
        (Saved::Content(content), Some(Way::Response)) => {
            let operation = operation.ok_or_else(|| reading.unnamed(from, Direction::Response))?;
            reading.response(operation, None, &content)
        }
        (Saved::Content(content), None | Some(Way::Request)) => reading.content(operation, &content),
    }
}

fn provider<'r>(registry: &'r Registry, id: &str) -> Result<&'r Provider, Diagnostic> {
    let known = || registry.names();
    registry.provider(id).map(|provider| &**provider).ok_or_else(|| {
        let remedy = match nearest(id, known()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the providers are: {}", known().collect::<Vec<_>>().join(", ")),
        };
        Diagnostic::error(format!("there is no provider `{id}`")).remedy(remedy)
    })
}

fn operation(name: &str) -> Result<Operation, Diagnostic> {
    Operation::named(name).ok_or_else(|| {
        let known = Operation::ALL.map(Operation::name).join(", ");
        Diagnostic::error(format!("there is no operation `{name}`")).remedy(format!("the operations are: {known}"))
    })
}
