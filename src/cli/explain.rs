//! `passbridge explain`: shows offline how a saved request is routed and translated.
//!
//! The exit code is 0 if an upstream would be called, 1 if the gateway refuses the request or the file cannot be read,
//! 3 if no route handles the request, and 78 if the config is invalid.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use comfy_table::CellAlignment::Left;
use serde_json::Value as Json;

use super::{table, with_config};
use crate::base::diagnostic::Diagnostic;
use crate::ceremony::memory::Ceremonies;
use crate::cli::saved::{Input, Saved, Wanted};
use crate::config::load::{Config, Origin};
use crate::gateway::Gateway;
use crate::gateway::runtime::RunningConfig;
use crate::gateway::trace::Seen;
use crate::gateway::trace::shown::Message;
use crate::inspect::explain::explanation::{Explanation, Handling, Verdict};

/// The exit code for a request that no route handles.
const NO_ROUTE: u8 = 3;

/// `passbridge explain`.
#[derive(Debug, Args)]
pub(super) struct Explain {
    #[command(flatten)]
    input: Input,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn explain(origin: &Origin, arguments: &Explain) -> ExitCode {
    with_config(origin, |config| {
        let explanation = match explained(config, &arguments.input) {
            Ok(explanation) => explanation,
            Err(error) => {
                eprintln!("{error}");
                return Ok(ExitCode::FAILURE);
            }
        };
        let printed = super::print(&match arguments.json {
            true => format!("{:#}\n", serde_json::to_value(&explanation).unwrap_or_default()),
            false => text(&explanation),
        });
        Ok(match explanation.verdict {
            Verdict::CallsUpstream => printed,
            Verdict::Refused => ExitCode::FAILURE,
            Verdict::PassesThrough | Verdict::AnsweredLocally | Verdict::NoRoute => ExitCode::from(NO_ROUTE),
        })
    })
}

fn explained(config: Config, input: &Input) -> Result<Explanation, Diagnostic> {
    let (head, content) = match input.read(Wanted::Request)? {
        (_, Saved::Request(request)) => request.into_parts(),
        (name, Saved::Response(_) | Saved::Content(_)) => {
            let remedy = "put a line like `POST /path HTTP/1.1`, a `host: name` line and a blank line before it";
            let error = Diagnostic::error("the request line and the header fields are missing");
            return Err(error.of(format!("{name}:1")).remedy(remedy));
        }
    };
    let targets = config.passthrough.0;
    let running = RunningConfig::new(
        config.plan,
        Arc::new(Ceremonies::new(&config.ceremonies)),
        Arc::default(),
        config.limits,
        targets.keys().map(ToString::to_string).collect(),
        config.fingerprint,
    );
    // Without clients: explaining a request calls no upstream.
    let gateway = Gateway::new(Arc::new(running), Vec::new());
    let mut explanation = crate::inspect::explain::explain(&gateway.runtime, &head, &content);
    if explanation.verdict == Verdict::PassesThrough {
        let host = explanation.host.as_deref().unwrap_or_default().to_ascii_lowercase();
        let named = |name: &str| targets.iter().find(|(known, _)| known.to_string() == name);
        explanation.passthrough_target =
            named(&host).or_else(|| named("*")).map(|(_, target)| target.0.url.to_string());
    }
    Ok(explanation)
}

fn text(explanation: &Explanation) -> String {
    let mut text = message("request", &explanation.request);
    let routes = explanation.routes.iter().map(|route| {
        let operation = route.operation.map(|operation| format!("{operation}: ")).unwrap_or_default();
        let matches = if route.matches { "matches" } else { "does not match" };
        [route.route.clone(), matches.to_owned(), format!("{operation}{}", route.reason)]
    });
    text.push_str(&section("routes", routes));
    if let Some(handling) = &explanation.handling {
        text.push_str(&self::handling(handling));
    }
    text.push_str("\nresult\n  ");
    text.push_str(&match (explanation.verdict, &explanation.passthrough_target) {
        (Verdict::CallsUpstream, _) => "the upstream is called\n".to_owned(),
        (Verdict::Refused, _) => "the gateway refuses the request\n".to_owned(),
        (Verdict::PassesThrough, Some(target)) => format!("the request passes through unchanged to {target}\n"),
        (Verdict::PassesThrough, None) => "the request passes through unchanged\n".to_owned(),
        (Verdict::AnsweredLocally, _) => "the gateway answers the request itself\n".to_owned(),
        (Verdict::NoRoute, _) => "no route matches, and `[passthrough]` has no target for the host\n".to_owned(),
    });
    if let Some(answer) = &explanation.answer {
        text.push_str(&format!("  {}\n", answer.reason));
        if let Some(fault) = &answer.fault {
            text.push_str(&format!("  {} as {} {}\n", fault.fault, fault.status, content(fault.content.as_ref())));
        }
    }
    text
}

fn handling(handling: &Handling) -> String {
    let Handling { operation, dialect, route, upstream, provider, caller, .. } = handling;
    let places = match (caller.places.join(", "), caller.is_present) {
        (places, _) if places.is_empty() => String::new(),
        (places, true) => format!("; the credential in {places} is not verified here"),
        (places, false) => format!("; the credential in {places} is missing"),
    };
    let mut text = format!(
        "\n{operation}: dialect {dialect}, route `{route}`, upstream `{upstream}` ({provider})\n  caller ({}): {}{places}\n",
        caller.kind, caller.accepted
    );
    handling.notes.iter().for_each(|note| text.push_str(&format!("  note: {note}\n")));
    match &handling.sent {
        Some(Seen::Message(sent)) => text.push_str(&format!("\n{}", message("request to the upstream", sent))),
        Some(Seen::Members(members)) => {
            let members = members.iter().map(|(member, value)| [member.clone(), value.to_string()]);
            text.push_str(&section("request to the relying party", members));
        }
        Some(Seen::Fault { .. }) | None => {}
    }
    let members = handling.member_flows.iter().map(|row| {
        let to = match (&row.lost, row.not_forwarded) {
            (Some(reason), _) => format!("lost: {reason}"),
            (None, Some(reason)) => format!("not forwarded: {reason}"),
            (None, None) => format!("-> {}", row.to.join(", ")),
        };
        [row.member.to_owned(), row.from.clone(), to]
    });
    text.push_str(&section("members of the request", members));
    let lost = handling.lost_in_response.iter().map(|lost| [lost.member.clone(), lost.reason.clone()]);
    text.push_str(&section("members lost in the response", lost));
    let faults = handling
        .faults
        .iter()
        .map(|fault| [fault.fault.to_owned(), fault.status.to_string(), content(fault.content.as_ref())]);
    text + &section("errors as the caller sees them", faults)
}

/// A title and its rows; nothing without rows.
fn section<const N: usize>(title: &str, rows: impl Iterator<Item = [String; N]>) -> String {
    match table("  ", Left, rows) {
        rows if rows.is_empty() => rows,
        rows => format!("\n{title}\n{rows}"),
    }
}

fn message(title: &str, Message { line, fields, content }: &Message) -> String {
    let fields: String = fields.iter().map(|(name, value)| format!("  {name}: {value}\n")).collect();
    let content = content.as_ref().map(|content| format!("\n  {}\n", format!("{content:#}").replace('\n', "\n  ")));
    format!("{title}\n  {line}\n{fields}{}", content.unwrap_or_default())
}

fn content(content: Option<&Json>) -> String {
    content.map(Json::to_string).unwrap_or_default()
}
