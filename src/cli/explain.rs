//! `passbridge explain`: what becomes of one saved request, told offline.
//!
//! 0 says that an upstream would be asked, 1 that the gateway refuses the request itself or that it cannot be
//! read, 3 that no route takes it, 78 that the config does not work.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::Value as Json;

use crate::base::diagnostic::Diagnostic;
use crate::ceremony::memory::Ceremonies;
use crate::cli::saved::{self, Saved, Wanted};
use crate::config::load::{self, Config, Origin};
use crate::gateway::Gateway;
use crate::gateway::runtime::RunningConfig;
use crate::gateway::trace::Seen;
use crate::gateway::trace::shown::Message;
use crate::inspect::explain::{self, Explanation, Taken, Verdict};

/// The exit code of a request that no route takes.
const NO_ROUTE: u8 = 3;

/// `passbridge explain`.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A file with the request as HTTP, as a browser copies it or `curl -v` prints it; `-` is standard input.
    #[arg(default_value = "-")]
    file: PathBuf,
    /// Tell it as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn explain(origin: &Origin, arguments: &Explain) -> ExitCode {
    let (config, diagnostics) = load::load(origin);
    let Some(config) = config else {
        eprintln!("{diagnostics}\n\n{} does not work.", origin.name());
        return ExitCode::from(super::BAD_CONFIG);
    };
    let explanation = match explained(config, arguments) {
        Ok(explanation) => explanation,
        Err(found) => {
            eprintln!("{found}");
            return ExitCode::FAILURE;
        }
    };
    let text = match arguments.json {
        true => format!("{:#}\n", serde_json::to_value(&explanation).unwrap_or_default()),
        false => text(&explanation),
    };
    let printed = super::print(&text);
    match explanation.verdict {
        Verdict::Carried => printed,
        Verdict::Refused => ExitCode::FAILURE,
        Verdict::PassesThrough | Verdict::Answered | Verdict::Unanswered => ExitCode::from(NO_ROUTE),
    }
}

fn explained(config: Config, arguments: &Explain) -> Result<Explanation, Diagnostic> {
    let (name, bytes) = saved::load(&arguments.file)?;
    let (head, content) = match saved::parse(&name, &bytes, Wanted::Request)? {
        Saved::Request(head, content) => (head, content),
        Saved::Response(..) | Saved::Content(_) => {
            let message = "this is content without a head, which alone says where a request goes";
            let remedy = "put a line like `POST /path HTTP/1.1`, a `host: name` line and a blank line before it";
            return Err(Diagnostic::error(message).of(format!("{name}:1")).remedy(remedy));
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
    // It has no clients: explaining a request calls no upstream.
    let gateway = Gateway::new(Arc::new(running), Vec::new());
    let mut explanation = explain::explain(&gateway.runtime, &head, &content);
    if explanation.verdict == Verdict::PassesThrough {
        let host = explanation.host.as_deref().unwrap_or_default().to_ascii_lowercase();
        let named = |name: &str| targets.iter().find(|(known, _)| known.to_string() == name);
        explanation.passes_to = named(&host).or_else(|| named("*")).map(|(_, target)| target.0.url.to_string());
    }
    Ok(explanation)
}

/// The explanation for people.
fn text(explanation: &Explanation) -> String {
    let mut text = String::new();
    message(&mut text, "the request", &explanation.request);
    text.push_str("\nroutes\n");
    for route in &explanation.routes {
        let mark = if route.takes { "takes it" } else { "does not" };
        let operation = route.operation.map(|operation| format!("{operation}: ")).unwrap_or_default();
        text.push_str(&format!("  {:12} {mark}: {operation}{}\n", route.route, route.reason));
    }
    if let Some(taken) = &explanation.taken {
        self::taken(&mut text, taken);
    }
    text.push_str(&match (explanation.verdict, &explanation.passes_to) {
        (Verdict::Carried, _) => "\nthe upstream is asked\n".to_owned(),
        (Verdict::Refused, _) => "\nthe gateway refuses it itself\n".to_owned(),
        (Verdict::PassesThrough, Some(target)) => format!("\nit passes through, as it came, to {target}\n"),
        (Verdict::PassesThrough, None) => "\nit passes through, as it came\n".to_owned(),
        (Verdict::Answered, _) => "\nthe gateway answers it by itself\n".to_owned(),
        (Verdict::Unanswered, _) => "\nno route takes it, and `[passthrough]` names no place for its host\n".to_owned(),
    });
    if let Some(answer) = &explanation.answer {
        text.push_str(&format!("  {}\n", answer.reason));
        if let Some(fault) = &answer.fault {
            text.push_str(&format!("  {} as {}{}\n", fault.fault, fault.status, after(fault.content.as_ref())));
        }
    }
    text
}

fn taken(text: &mut String, taken: &Taken) {
    text.push_str(&format!(
        "\n{} of {} on the route `{}`: `{}` ({}) does the work\n",
        taken.operation, taken.dialect, taken.route, taken.upstream, taken.provider
    ));
    let caller = &taken.caller;
    let place = match (caller.places.as_slice(), caller.is_shown) {
        ([], _) => String::new(),
        (places, true) => {
            format!("; the request shows it in {}, and whether it is right is not looked at", places.join(", "))
        }
        (places, false) => format!("; the request does not show it, in {}", places.join(", ")),
    };
    text.push_str(&format!("  caller ({}): {}{place}\n", caller.kind, caller.taken));
    for note in &taken.notes {
        text.push_str(&format!("  note: {note}\n"));
    }
    match &taken.sent {
        Some(Seen::Message(sent)) => {
            text.push('\n');
            message(text, "the upstream is sent", sent);
        }
        Some(Seen::Members(members)) => {
            text.push_str("\nthe relying party is told\n");
            for (member, value) in members {
                text.push_str(&format!("  {member:28} {value}\n"));
            }
        }
        Some(Seen::Fault { .. }) | None => {}
    }
    if !taken.becomes.is_empty() {
        text.push_str("\nwhat each member becomes\n");
    }
    for row in &taken.becomes {
        let to = match (&row.lost, row.kept) {
            (Some(reason), _) => format!("lost: {reason}"),
            (None, Some(reason)) => format!("stays here: {reason}"),
            (None, None) => format!("-> {}", row.to.join(", ")),
        };
        text.push_str(&format!("  {:28} {}  {to}\n", row.member, row.from));
    }
    if !taken.lost_back.is_empty() {
        text.push_str("\nwhat gets lost on the way back\n");
    }
    for lost in &taken.lost_back {
        text.push_str(&format!("  {:28} {}\n", lost.member, lost.reason));
    }
    text.push_str("\nhow each fault would look\n");
    for fault in &taken.faults {
        text.push_str(&format!("  {:22} {}{}\n", fault.fault, fault.status, after(fault.content.as_ref())));
    }
}

fn message(text: &mut String, title: &str, message: &Message) {
    text.push_str(&format!("{title}\n  {}\n", message.line));
    for (name, value) in &message.fields {
        text.push_str(&format!("  {name}: {value}\n"));
    }
    if let Some(content) = &message.content {
        text.push_str(&format!("\n  {}\n", format!("{content:#}").replace('\n', "\n  ")));
    }
}

fn after(content: Option<&Json>) -> String {
    content.map(|content| format!(" {content}")).unwrap_or_default()
}
