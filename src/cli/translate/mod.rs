//! `passbridge translate`: translates one message from a provider's API to another's, without a config.
//!
//! The message goes to standard output with its secrets; lost and missing members go to standard error.

mod translator;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::base::diagnostic::Diagnostic;
use crate::base::similar_name::did_you_mean;
use crate::cli::saved::{Input, Saved, Wanted};
use crate::cli::translate::translator::{Translation, Translator};
use crate::inspect::LostMember;
use crate::model::operation::Operation;
use crate::provider::descriptor::Provider;
use crate::provider::registry::Registry;

/// `passbridge translate`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Translate {
    /// The provider whose API the message belongs to.
    #[arg(long, value_name = "PROVIDER")]
    from: String,
    /// The provider to translate the message for.
    #[arg(long, value_name = "PROVIDER")]
    to: String,
    /// The operation, such as `login.begin`. Default: the one that matches the method and the path of the request.
    #[arg(long, value_name = "OPERATION")]
    operation: Option<String>,
    /// Whether the message is a request or a response. Default: detected from its first line; a JSON document
    /// without one is read as a request.
    #[arg(long, value_name = "DIRECTION")]
    direction: Option<Direction>,
    /// A folder of provider files that add to the built-in ones or replace them.
    #[arg(long, value_name = "DIR")]
    providers: Option<PathBuf>,
    #[command(flatten)]
    input: Input,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Direction {
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
        Ok(translation) => {
            eprintln!("{}: {} -> {}", translation.source, arguments.from, arguments.to);
            for LostMember { member, reason } in &translation.lost {
                eprintln!("lost: {member}: {reason}");
            }
            crate::cli::print(&String::from_utf8_lossy(&translation.text))
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn attempt(arguments: &Translate, registry: &Registry) -> Result<Translation, Diagnostic> {
    let (from, to) = (provider(registry, &arguments.from)?, provider(registry, &arguments.to)?);
    let operation = arguments.operation.as_deref().map(operation).transpose()?;
    let wanted = match arguments.direction {
        None => Wanted::Either,
        Some(Direction::Request) => Wanted::Request,
        Some(Direction::Response) => Wanted::Response,
    };
    let (name, saved) = arguments.input.read(wanted)?;
    let translator = Translator { name: &name, from, to };
    match saved {
        Saved::Request(request) => translator.request(operation, &request),
        Saved::Response(response) => {
            let (head, content) = response.into_parts();
            translator.response(operation, Some((head.status, &head.headers)), &content)
        }
        Saved::Content(content) if wanted == Wanted::Response => translator.response(operation, None, &content),
        Saved::Content(content) => translator.content(operation, &content),
    }
}

fn provider<'r>(registry: &'r Registry, id: &str) -> Result<&'r Provider, Diagnostic> {
    registry.provider(id).map(|provider| &**provider).ok_or_else(|| {
        let remedy = did_you_mean(id, registry.names(), "the providers are");
        Diagnostic::error(format!("unknown provider `{id}`")).remedy(remedy)
    })
}

fn operation(name: &str) -> Result<Operation, Diagnostic> {
    Operation::named(name).ok_or_else(|| {
        let known = Operation::ALL.map(Operation::name).join(", ");
        Diagnostic::error(format!("unknown operation `{name}`")).remedy(format!("the operations are: {known}"))
    })
}
