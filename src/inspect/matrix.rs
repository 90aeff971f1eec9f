//! The coverage matrix: which dialects work with which upstreams, which settings they need, and what is lost.

use crate::model::member::Member;
use crate::model::operation::Operation;
use crate::provider::descriptor::Provider;
use crate::provider::registry::Registry;
use crate::routes::compatibility::operation_support::{Obstacle, OperationSupport};
use crate::routes::compatibility::pair::Pair;
use crate::routes::compatibility::remedies::Remedy;
use crate::routes::provider_side::ProviderSide;

/// The matrix as Markdown: a table for each operation, the lost members, and what is not documented.
pub fn markdown(registry: &Registry) -> String {
    let providers: Vec<&Provider> = registry.iter().map(|provider| &**provider).collect();
    let mut text = String::from(
        "A row is a dialect, a column an upstream. *works*: no setting but `callers` is needed. Otherwise the cell lists the\n\
         settings that are needed, or why the pair is not valid. A provider before itself keeps its session handles.\n",
    );
    for operation in Operation::ALL {
        if providers.iter().any(|provider| provider.operations.contains_key(&operation)) {
            text.push_str(&table(&providers, operation));
        }
    }
    text.push_str(&losses(&providers));
    text.push_str(&undocumented(&providers));
    text
}

fn columns<'p>(providers: &[&'p Provider]) -> Vec<ProviderSide<'p>> {
    providers.iter().map(|provider| ProviderSide::Provider(provider)).chain([ProviderSide::Embedded]).collect()
}

fn support(dialect: &Provider, upstream: ProviderSide<'_>, operation: Operation) -> OperationSupport {
    pair(dialect, upstream).support_of(operation)
}

/// The members that a verified bearer token gives.
const CLAIMS: &[Member] = &[Member::UserId, Member::UserEmail];

fn pair<'p>(dialect: &'p Provider, upstream: ProviderSide<'p>) -> Pair<'p> {
    Pair {
        dialect,
        upstream,
        set: &[],
        fill: &[],
        relax: &[],
        relax_subject: false,
        relax_one_user: false,
        claims: CLAIMS,
        issues_tokens: false,
        discoverable: Some(true),
        identity: None,
        upstream_verifies_tokens: false,
        has_handles: false,
    }
}

fn table(providers: &[&Provider], operation: Operation) -> String {
    let upstreams = columns(providers);
    let names: Vec<_> = upstreams.iter().map(|side| side.name()).collect();
    let mut text = format!("\n### `{}`\n\n| | {} |\n", operation.name(), names.join(" | "));
    text.push_str(&format!("|---|{}\n", "---|".repeat(names.len())));
    for dialect in providers.iter().filter(|dialect| dialect.operations.contains_key(&operation)) {
        let cells: Vec<_> = upstreams.iter().map(|upstream| cell(dialect, *upstream, operation)).collect();
        text.push_str(&format!("| {} | {} |\n", dialect.id, cells.join(" | ")));
    }
    text
}

fn cell(dialect: &Provider, upstream: ProviderSide<'_>, operation: Operation) -> String {
    let plain = pair(dialect, upstream);
    let mut obstacles = plain.support_of(operation).obstacles;
    // An issuer has requirements of its own.
    if obstacles.iter().any(|obstacle| obstacle.remedy() == Remedy::Issuer) {
        obstacles.extend(Pair { issues_tokens: true, ..plain }.support_of(operation).obstacles);
    }
    if obstacles.is_empty() {
        return "works".to_owned();
    }
    let mut settings = Vec::new();
    let mut reasons = Vec::new();
    for obstacle in &obstacles {
        match obstacle.remedy().setting() {
            Some(setting) if !settings.contains(&setting) => settings.push(setting),
            Some(_) => {}
            None => reasons.push(obstacle.describe(&plain.names(), operation)),
        }
    }
    reasons.dedup();
    match reasons.is_empty() {
        true => settings.join(", "),
        false => format!("does not work: {}", reasons.join("; ")),
    }
}

fn losses(providers: &[&Provider]) -> String {
    let mut text = String::from("\n### Members that are lost\n\n");
    for dialect in providers {
        for operation in dialect.operations.keys() {
            for upstream in columns(providers) {
                let lost = support(dialect, upstream, *operation);
                if lost.obstacles.contains(&Obstacle::NoOperation) {
                    continue;
                }
                for loss in lost.losses {
                    let line = format!(
                        "- {} to {}, `{}`: {}: {}\n",
                        dialect.id,
                        upstream.name(),
                        operation.name(),
                        loss.what(),
                        loss.reason
                    );
                    text.push_str(&line);
                }
            }
        }
    }
    text
}

fn undocumented(providers: &[&Provider]) -> String {
    let mut text = String::from("\n### What the providers do not document\n\n");
    for provider in providers {
        for (operation, template) in &provider.operations {
            for note in &template.unknown {
                text.push_str(&format!("- {}, `{}`: {note}\n", provider.id, operation.name()));
            }
        }
    }
    text
}
