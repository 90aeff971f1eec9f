//! `passbridge check`: whether the config works, and what each of its routes carries and loses.

use std::process::ExitCode;

use crate::config::load::{self, Origin};
use crate::model::operation::Operation;
use crate::routes::Plan;
use crate::routes::route::{Backend, Route};

pub(super) fn check(origin: &Origin) -> ExitCode {
    let (config, diagnostics) = load::load(origin);
    if !diagnostics.is_empty() {
        eprintln!("{diagnostics}\n");
    }
    match config {
        Some(config) => super::print(&report(origin, &config.plan)),
        None => {
            eprintln!("{} does not work.", origin.name());
            ExitCode::from(super::BAD_CONFIG)
        }
    }
}

/// Every route: what it carries, what it cannot, what gets lost.
fn report(origin: &Origin, plan: &Plan) -> String {
    let mut report = format!("{} works.\n", origin.name());
    for route in &plan.routes {
        report.push_str(&describe(route, plan));
    }
    report
}

fn describe(route: &Route, plan: &Plan) -> String {
    let upstream = &plan.upstreams[route.own_backend().upstream];
    let mut text = format!(
        "\nroute `{}`: callers speak {}, `{}` ({}) does the work\n",
        route.name,
        route.dialect.id,
        upstream.name,
        upstream.side().name()
    );
    let name = |way: usize| plan.upstreams[route.backends[way].upstream].name.to_string();
    for line in route.policy.iter().flat_map(|policy| policy.describe(route.backends.len(), name)) {
        text.push_str(&format!("  {line}\n"));
    }
    text.push_str(&carries(route, route.own_backend(), plan));
    for way in route.backends.iter().skip(1) {
        let upstream = &plan.upstreams[way.upstream];
        text.push_str(&format!("  by way of `{}` ({}):\n", upstream.name, upstream.side().name()));
        carries(route, way, plan).lines().for_each(|line| text.push_str(&format!("  {line}\n")));
    }
    text
}

/// What one way carries, what it cannot, what gets lost on it.
fn carries(route: &Route, backend: &Backend, plan: &Plan) -> String {
    let mut text = String::new();
    if let Some(file) = &plan.upstreams[backend.upstream].handles {
        text.push_str(&format!("  user handles: each passkey keeps its own, by `{}`\n", file.display()));
    }
    let carried: Vec<_> = backend.operations.values().filter(|carriage| carriage.works()).collect();
    let names: Vec<_> = carried.iter().map(|carriage| carriage.operation.name()).collect();
    text.push_str(&format!("  carries: {}\n", names.join(", ")));
    for carriage in &carried {
        for loss in &carriage.losses {
            text.push_str(&format!("  {}: {}\n", carriage.operation.name(), loss.describe()));
        }
    }
    for (operation, carriage) in backend.operations.iter().filter(|(_, carriage)| !carriage.works()) {
        text.push_str(&format!(
            "  not enabled: {}: {}\n",
            operation.name(),
            obstacles(route, backend, plan, *operation, carriage)
        ));
    }
    text
}

fn obstacles(
    route: &Route,
    backend: &Backend,
    plan: &Plan,
    operation: Operation,
    carriage: &crate::routes::compatibility::OperationSupport,
) -> String {
    let pair = crate::routes::compatibility::Pair {
        dialect: &route.dialect,
        upstream: plan.upstreams[backend.upstream].side(),
        set: &backend.set,
        fill: &route.fill,
        relax: &route.relax,
        relax_subject: route.relax_subject,
        relax_one_user: route.relax_one_user,
        claims: &[],
        issues_tokens: route.issuer.is_some(),
        discoverable: plan.upstreams[backend.upstream].discoverable(),
        identity: plan.upstreams[backend.upstream].identity.as_deref(),
        vouched_upstream: route.callers.are_judged_by_upstream(),
        has_handles: plan.upstreams[backend.upstream].handles.is_some(),
    };
    let described: Vec<_> = carriage.obstacles.iter().map(|obstacle| obstacle.describe(&pair, operation)).collect();
    described.join("; ")
}
