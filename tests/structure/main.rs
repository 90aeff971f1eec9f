//! The structure of the repository: what may import what, how large a module may be, and what no file may contain.
//!
//! Modules are those of `src/`; code behind `#[cfg(test)]` does not count. ARCHITECTURE.md explains the order.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod functions;
mod imports;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use imports::{Import, Source};

/// The modules from the lowest to the highest. A module imports only from modules before it.
const ORDER: [&str; 21] = [
    "base",
    "telemetry",
    "model",
    "http1",
    "webauthn",
    "storage",
    "ceremony",
    "upstream",
    "provider",
    "relying_party",
    "import_export",
    "identity",
    "caller_auth",
    "policy",
    "features",
    "routes",
    "gateway",
    "inspect",
    "server",
    "config",
    "cli",
];

/// The modules in which not even a `mod.rs` and the files below it import each other.
const WITHOUT_IMPORTS_OF_PARENTS: [&str; 4] = ["gateway", "routes", "model", "relying_party"];

/// The largest share of the code lines that one module may have, in percent.
const MAX_SHARE: usize = 12;

/// External crates that only some modules use.
const CRATES: [(&str, &[&str]); 19] = [
    ("annotate_snippets", &["base"]),
    ("ciborium", &["webauthn"]),
    ("clap", &["cli", "telemetry"]),
    ("comfy_table", &["cli"]),
    ("csv", &["features", "identity"]),
    ("figment", &["config"]),
    ("flate2", &["upstream"]),
    ("httparse", &["cli", "http1", "server"]),
    ("hyper", &["server", "upstream"]),
    ("hyper_util", &["server", "upstream"]),
    ("jsonwebtoken", &["caller_auth", "relying_party"]),
    ("p256", &["webauthn"]),
    ("prometheus_client", &["telemetry"]),
    ("reqwest", &["server", "upstream"]),
    ("rusqlite", &["features", "identity", "relying_party", "storage"]),
    ("socket2", &["server", "upstream"]),
    ("tokio_postgres", &["identity"]),
    ("toml", &["base"]),
    ("tracing_subscriber", &["telemetry"]),
];

/// External crates that a module must not use.
const WITHOUT: [(&str, &[&str]); 3] = [
    ("model", &["http", "serde_json", "tokio", "tracing"]),
    ("provider", &["tokio", "tracing"]),
    ("webauthn", &["http", "tokio", "tracing"]),
];

/// Fails with one violation per line.
#[track_caller]
fn none(rule: &str, violations: &[String]) {
    assert!(violations.is_empty(), "{rule}; {} violations:\n  {}", violations.len(), violations.join("\n  "));
}

/// One test, because each test is a process of its own and would parse every file again.
#[test]
fn modules_follow_the_architecture() {
    let sources = imports::sources();
    assert!(sources.len() > 100, "the files of `src/` are found");
    let rules = [
        ("A module imports only from lower modules", upward_imports(&sources)),
        ("`webauthn` imports no other module", imports_of_webauthn(&sources)),
        ("The files of a module form no import cycle", cycles(&sources)),
        ("A module has at most 12 % of the code lines", large_modules(&sources)),
        ("A crate is used only where it belongs", misplaced_crates(&sources)),
    ];
    let broken = rules.iter().filter(|(_, violations)| !violations.is_empty());
    let report = broken.map(|(rule, violations)| format!("{rule}:\n  {}", violations.join("\n  ")));
    none("the source layout is broken", &report.collect::<Vec<_>>());
}

fn position(module: &str) -> Option<usize> {
    ORDER.iter().position(|name| *name == module)
}

fn describe(source: &Source, import: &Import) -> String {
    format!("{}:{}: {} imports {}", source.file, import.line, source.path.join("::"), import.path.join("::"))
}

fn upward_imports(sources: &[Source]) -> Vec<String> {
    let mut violations = BTreeSet::new();
    for source in sources {
        let Some(own) = position(source.module()) else {
            violations.insert(format!("{}: `{}` is not in the order", source.file, source.module()));
            continue;
        };
        let upward = source.imports.iter().filter(|import| position(&import.path[0]).is_some_and(|other| other > own));
        violations.extend(upward.map(|import| describe(source, import)));
    }
    Vec::from_iter(violations)
}

fn imports_of_webauthn(sources: &[Source]) -> Vec<String> {
    let own = sources.iter().filter(|source| source.module() == "webauthn");
    let imports = own.flat_map(|source| source.imports.iter().map(move |import| (source, import)));
    let foreign = imports.filter(|(_, import)| import.path[0] != "webauthn");
    foreign.map(|(source, import)| describe(source, import)).collect()
}

fn cycles(sources: &[Source]) -> Vec<String> {
    let mut edges = BTreeMap::<_, BTreeSet<_>>::new();
    for source in sources {
        let targets = source.imports.iter().filter_map(|import| import.file.clone());
        let within = targets.filter(|target| target[0] == source.path[0] && *target != source.path);
        let is_parent = |target: &Vec<String>| source.path.starts_with(target);
        let within =
            within.filter(|target| WITHOUT_IMPORTS_OF_PARENTS.contains(&source.module()) || !is_parent(target));
        edges.insert(source.path.clone(), within.collect());
    }
    // Remove what cannot be in a cycle: files that import no file left, or that no file left imports.
    loop {
        let imported: BTreeSet<_> = edges.values().flatten().cloned().collect();
        let before = edges.len();
        edges.retain(|path, targets| !targets.is_empty() && imported.contains(path));
        let left: BTreeSet<_> = edges.keys().cloned().collect();
        edges.values_mut().for_each(|targets| targets.retain(|target| left.contains(target)));
        if edges.len() == before {
            break;
        }
    }
    let edges = edges.iter().flat_map(|(path, targets)| targets.iter().map(move |target| (path, target)));
    edges.map(|(path, target)| format!("{} imports {}", path.join("::"), target.join("::"))).collect()
}

fn large_modules(sources: &[Source]) -> Vec<String> {
    let mut lines = BTreeMap::<_, usize>::new();
    for source in sources {
        *lines.entry(source.module()).or_default() += source.lines;
    }
    let total: usize = lines.values().sum();
    let large = lines.into_iter().filter(|(_, lines)| lines * 100 > total * MAX_SHARE);
    large.map(|(module, lines)| format!("`{module}` has {lines} of {total} lines")).collect()
}

fn misplaced_crates(sources: &[Source]) -> Vec<String> {
    let uses = sources.iter().flat_map(|source| source.crates.iter().map(move |(name, line)| (source, name, line)));
    let misplaced = uses.filter(|(source, name, _)| {
        let allowed = CRATES.iter().find(|(known, _)| known == name);
        let excluded = WITHOUT.iter().find(|(module, _)| *module == source.module());
        allowed.is_some_and(|(_, modules)| !modules.contains(&source.module()))
            || excluded.is_some_and(|(_, crates)| crates.contains(&name.as_str()))
    });
    misplaced.map(|(source, name, line)| format!("{}:{line}: `{name}`", source.file)).collect()
}
